#include "slack/people.hpp"

#include <optional>
#include <utility>

namespace belfry::slack {
namespace {

constexpr Millis kPatience = std::chrono::seconds(2);  // for the budget of look-ups, while a delivery waits
constexpr Millis kLookAgain{500};                      // for an answer that is under way
constexpr std::size_t kMostBeside = 1'000;
constexpr Millis kSoon = std::chrono::seconds(5);  // the list again, after a failure; each time twice as long
constexpr Millis kRarely = std::chrono::minutes(10);
constexpr const char* kPageSize = "200";  // what Slack's own clients ask for

// kv takes keys of up to 255 bytes; a longer address is looked up again after a restart.
std::optional<std::string> kv_key(const std::string& email) {
  constexpr std::size_t kKeyLimit = 255;
  std::string key = "user:" + email;
  return key.size() <= kKeyLimit ? std::optional(std::move(key)) : std::nullopt;
}

const Outcome kNobody =
    Outcome::rejected("user_not_found", "no active member of the Slack workspace had this e-mail address when it was last looked up");

Outcome later(Millis wait) {
  return Outcome::rate_limited(wait, LimitScope::recipient, "Slack allows no more look-ups of people at present", "lookups_limited");
}

bool is_true(const nlohmann::json& object, const char* key) { return object.value(key, nlohmann::json()) == true; }

}  // namespace

People::People(Calls& calls, const EmailMap& map, const LookupSettings& settings)
    : calls_(calls), map_(map), prefill_(settings.prefill), directory_(settings.found, settings.missing) {}

void People::use(Services services) {
  services_ = services;
  if (prefill_) services_.spawn(prefill());
}

Task<UserResult> People::find(std::string email, Timestamp deadline) {
  if (auto answer = known(email)) co_return std::move(*answer);
  Task<UserResult> work = look_up(email, deadline);
  co_return co_await lookups_.run(std::move(email), std::move(work));
}

std::optional<UserResult> People::known(const std::string& email) {
  const auto entry = directory_.find(email, now());
  if (!entry) return std::nullopt;
  if (entry->user.empty()) return std::unexpected(kNobody);
  return User{entry->user, true};
}

Task<UserResult> People::look_up(std::string email, Timestamp deadline) {
  if (const auto key = kv_key(email)) {
    const KvResult kept = co_await services_.kv(KvScope::credential).get(*key);
    if (kept.ok()) directory_.restore(email, kept.value, now());
    if (auto answer = known(email)) co_return std::move(*answer);
  }
  if (asked_beside_.contains(email)) co_return std::unexpected(later(kLookAgain));
  const Millis wait = calls_.budgets().wait(Call::lookup);
  if (wait <= kPatience) co_return co_await ask(std::move(email), deadline);
  if (asked_beside_.size() < kMostBeside) {
    asked_beside_.insert(email);
    services_.spawn(ask_beside(std::move(email)));
  }
  co_return std::unexpected(later(wait));
}

Task<UserResult> People::ask(std::string email, std::optional<Timestamp> deadline) {
  Query query;
  query.emplace_back("email", email);
  const Reading reading = co_await calls_.get(Call::lookup, std::move(query), deadline);
  const auto keep = [&](const Directory::Entry& entry) {
    if (const auto key = kv_key(email)) services_.kv(KvScope::credential).put(*key, Directory::keep(entry));
  };
  if (reading.failure) {
    if (reading.then == Reading::Then::nobody) keep(directory_.missing(email, now()));
    Outcome failure = *reading.failure;
    // Whoever is known already is not concerned.
    if (failure.code == Outcome::Code::rate_limited) failure.scope = LimitScope::recipient;
    co_return std::unexpected(std::move(failure));
  }
  const auto& user = object_of(reading.body, "user");
  const std::string id = text_of(user, "id");
  if (id.empty()) {
    co_return std::unexpected(
        Outcome::retry("bad_answer", "Slack's answer to users.lookupByEmail has no user id").http_status(reading.status));
  }
  if (is_true(user, "deleted")) {
    keep(directory_.missing(email, now()));
    co_return std::unexpected(
        Outcome::rejected("user_not_found", "the member of the Slack workspace with this e-mail address is deactivated"));
  }
  keep(directory_.found(email, id, now()));
  tell_time_zone(email, user);
  co_return User{id, false};
}

Task<> People::ask_beside(std::string email) {
  struct Mark {
    std::set<std::string>& all;
    const std::string& mine;
    ~Mark() { all.erase(mine); }
  };
  const Mark mark{asked_beside_, email};
  co_await ask(email, std::nullopt);
}

void People::tell_time_zone(const std::string& email, const nlohmann::json& user) const {
  constexpr std::size_t kLongestEmail = 254;  // the gateway takes no more
  constexpr std::size_t kLongestZone = 64;
  const std::string zone = text_of(user, "tz");
  if (zone.empty() || zone.size() > kLongestZone) return;
  for (const std::string& from : map_.sources(email)) {
    if (from.size() <= kLongestEmail) services_.recipients().time_zone(from, zone);
  }
}

Task<> People::forget(std::string email) {
  directory_.forget(email);
  if (const auto key = kv_key(email)) co_await services_.kv(KvScope::credential).erase(*key);
}

// Only saves look-ups: who is not on the list is looked up all the same, because it may be older than the person.
Task<> People::prefill() {
  std::size_t learned = 0;
  std::string cursor, said;
  Millis wait = kSoon;
  while (!directory_.full()) {
    Query query;
    query.emplace_back("limit", kPageSize);
    if (!cursor.empty()) query.emplace_back("cursor", cursor);
    const Reading page = co_await calls_.get(Call::users_list, std::move(query));
    if (page.failure) {
      const Outcome& failure = *page.failure;
      const bool asked_too_often = failure.code == Outcome::Code::rate_limited;
      if (!asked_too_often && failure.detail != said) {
        services_.log().warn("the list of members cannot be read on, and who is missing is looked up alone: " + failure.detail);
        said = failure.detail;
      }
      if (failure.code == Outcome::Code::rejected) co_return;
      co_await services_.clock().sleep_for(asked_too_often ? *failure.after : std::exchange(wait, std::min(wait * 2, kRarely)));
      continue;
    }
    wait = kSoon;
    learned += learn(page.body);
    const std::string next = next_cursor(page.body);
    if (next.empty() || next == cursor) break;
    cursor = next;
  }
  services_.log().info("the list of members gave " + std::to_string(learned) + " people");
}

std::size_t People::learn(const nlohmann::json& page) {
  std::size_t learned = 0;
  const auto members = page.find("members");
  if (members == page.end() || !members->is_array()) return learned;
  for (const auto& member : *members) {
    if (!member.is_object() || is_true(member, "deleted") || is_true(member, "is_bot")) continue;
    const std::string id = text_of(member, "id");
    const std::string email = normal_email(text_of(object_of(member, "profile"), "email"));
    if (id.empty() || email.empty() || directory_.full()) continue;
    directory_.found(email, id, now());
    tell_time_zone(email, member);
    ++learned;
  }
  return learned;
}

}  // namespace belfry::slack
