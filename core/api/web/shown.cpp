#include "api/web/shown.hpp"

#include "api/web/fields.hpp"
#include "model/names.hpp"

namespace belfry::api::web {
namespace {

using nlohmann::json;
using store::ListedState;

// The largest unit that fits: "40 s", "5 min", "3 h", "2 d".
std::string rounded(base::Millis duration) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration).count();
  if (seconds < 60) return std::to_string(seconds) + " s";
  if (seconds < 60 * 60) return std::to_string(seconds / 60) + " min";
  if (seconds < 48 * 60 * 60) return std::to_string(seconds / (60 * 60)) + " h";
  return std::to_string(seconds / (24 * 60 * 60)) + " d";
}

std::string or_dash(const std::string& text) { return text.empty() ? "-" : text; }

}  // namespace

json TimeText::operator()(base::Timestamp time) const {
  if (time == base::Timestamp()) return nullptr;
  const auto ago = time <= now ? rounded(now - time) + " ago" : "in " + rounded(time - now);
  return {
      {"iso", base::to_rfc3339(time)}, {"text", zone.date(time) + " " + zone.clock(time) + " " + zone.abbreviation(time)}, {"ago", ago}};
}

json TimeText::of(const json& text) const {
  const auto time = text.is_string() ? base::from_rfc3339(text.get<std::string>()) : std::nullopt;
  return time ? (*this)(*time) : json();
}

json state_model(ListedState state) {
  switch (state) {
    case ListedState::waiting: return {{"label", "waiting"}, {"tone", "plain"}};
    case ListedState::in_flight: return {{"label", "in flight"}, {"tone", "plain"}};
    case ListedState::backoff: return {{"label", "back-off"}, {"tone", "wait"}};
    case ListedState::held: return {{"label", "held"}, {"tone", "wait"}};
    case ListedState::delivered: return {{"label", "delivered"}, {"tone", "good"}};
    case ListedState::rejected: return {{"label", "rejected"}, {"tone", "bad"}};
    case ListedState::expired: return {{"label", "expired"}, {"tone", "bad"}};
    case ListedState::discarded: return {{"label", "discarded"}, {"tone", "plain"}};
    case ListedState::dead: return {{"label", "dead letter"}, {"tone", "bad"}};
  }
  return {{"label", "unknown"}, {"tone", "plain"}};
}

const std::vector<ListedState>& listed_states() {
  static const std::vector<ListedState> all{ListedState::waiting, ListedState::in_flight, ListedState::backoff,
                                            ListedState::held,    ListedState::delivered, ListedState::rejected,
                                            ListedState::expired, ListedState::discarded, ListedState::dead};
  return all;
}

json delivery_model(const store::ListedDelivery& listed, const TimeText& times) {
  const auto& d = listed.delivery;
  const bool unfinished = d.state == model::DeliveryState::waiting || d.state == model::DeliveryState::in_flight;
  return {{"id", d.id},
          {"href", address("/delivery", {{"id", d.id}})},
          {"event", listed.event.empty() ? "(no name)" : listed.event},
          {"to", or_dash(listed.email)},
          {"sink", d.sink},
          {"shared", d.destination.audience == model::Audience::shared},
          {"address", or_dash(d.destination.address)},
          {"route", d.route},
          {"state", state_model(listed.state)},
          {"created", times(d.created_at)},
          {"due", unfinished ? times(d.due_at) : json()},
          {"expires", unfinished ? times(d.expires_at) : json()},
          {"ended", times(d.finished_at)},
          {"attempts", d.attempts},
          {"reason", d.last_reason},
          {"detail", d.last_detail},
          {"receipt", d.receipt},
          {"fallback_of", d.fallback_of},
          {"possible_duplicate", d.possible_duplicate}};
}

bool can_retry(ListedState state) {
  return state == ListedState::dead || state == ListedState::rejected || state == ListedState::expired || state == ListedState::discarded;
}

bool can_discard(ListedState state) {
  return state == ListedState::dead || state == ListedState::waiting || state == ListedState::backoff || state == ListedState::held;
}

std::string string_at(const json& object, const char* key) {
  if (!object.is_object()) return {};
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::string counted(std::uint64_t count, const std::string& one, const std::string& many) {
  auto digits = std::to_string(count);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) digits.insert(static_cast<std::size_t>(at), ",");
  return digits + " " + (count == 1 ? one : many);
}

}  // namespace belfry::api::web
