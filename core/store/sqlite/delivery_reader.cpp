#include "store/sqlite/delivery_reader.hpp"

#include <algorithm>

#include "base/utf8.hpp"
#include "model/names.hpp"

namespace belfry::store::sqlite {
namespace {

constexpr std::size_t kDeepest = 100;  // levels of nested JSON: the writer recurses as deep

bool too_deep(std::string_view text) {
  std::size_t depth = 0;
  for (const char c : text) {
    if ((c == '[' || c == '{') && ++depth > kDeepest) return true;
    if ((c == ']' || c == '}') && depth > 0) --depth;
  }
  return false;
}

// Reads a row column by column, and keeps the first invalid column as the problem.
class Reader {
 public:
  explicit Reader(const Rows& rows) : rows_(rows) {}

  [[nodiscard]] std::string take_problem() { return std::move(problem_); }

  std::int64_t number(int column, std::string_view name) {
    if (!rows_.is_number(column)) add_problem(std::string(name) + " is not a number");
    return rows_.number(column);
  }
  std::uint32_t count(int column, std::string_view name) {
    if (number(column, name) != rows_.count(column)) add_problem(std::string(name) + " cannot be " + std::to_string(rows_.number(column)));
    return rows_.count(column);
  }
  bool flag(int column, std::string_view name) { return number(column, name) != 0; }
  base::Timestamp time(int column, std::string_view name) {
    const auto time = rows_.time(column);
    if (number(column, name) != time.time_since_epoch().count())
      add_problem(std::string(name) + " cannot be " + std::to_string(rows_.number(column)));
    return time;
  }
  std::optional<base::Timestamp> maybe_time(int column, std::string_view name) {
    return rows_.is_null(column) ? std::nullopt : std::optional(time(column, name));
  }
  std::string text(int column, std::string_view name) {
    auto text = rows_.bytes(column);
    if (base::is_utf8(text)) return text;
    add_problem(std::string(name) + " is not valid UTF-8");
    return rows_.text(column);
  }
  template <class Enum>
  Enum enumerator(int column, std::string_view name, Enum otherwise) {
    const auto found = model::from_string<Enum>(rows_.bytes(column));
    if (!found) add_problem(std::string(name) + " has an unknown value");
    return found.value_or(otherwise);
  }
  nlohmann::json json(int column, std::string_view name) {
    const auto text = rows_.bytes(column);
    if (text.empty()) return nullptr;
    auto document = too_deep(text) ? nlohmann::json(nlohmann::json::value_t::discarded) : nlohmann::json::parse(text, nullptr, false);
    if (!document.is_discarded()) return document;
    add_problem(std::string(name) + " is not JSON");
    return nullptr;
  }
  void add_problem(std::string what) {
    if (problem_.empty()) problem_ = "the stored delivery cannot be read: " + std::move(what);
  }

 private:
  const Rows& rows_;
  std::string problem_;
};

// Most deliveries have neither overrides nor a fallback: they have no JSON.
nlohmann::json overrides_of(Reader& reader, int column) {
  auto document = reader.json(column, "overrides");
  if (document.is_object()) return document;
  if (!document.is_null()) reader.add_problem("overrides is not an object");
  return nlohmann::json::object();
}

std::vector<std::string> fallback_of(Reader& reader, int column) {
  const auto document = reader.json(column, "fallback");
  if (document.is_null()) return {};
  if (document.is_array() && std::ranges::all_of(document, [](const auto& name) { return name.is_string(); }))
    return document.template get<std::vector<std::string>>();
  reader.add_problem("fallback is not a list of sinks");
  return {};
}

model::Destination destination_of(Reader& reader, const std::string& key) {
  const auto colon = key.find(':');
  const auto audience = model::from_string<model::Audience>(key.substr(0, colon));
  if (colon == std::string::npos || !audience) reader.add_problem("its destination has an unknown form");
  return {.audience = audience.value_or(model::Audience::direct), .address = colon == std::string::npos ? key : key.substr(colon + 1)};
}

bool open(model::DeliveryState state) { return state == model::DeliveryState::waiting || state == model::DeliveryState::in_flight; }

void read_state(Reader& reader, DeliveryRow& row) {
  auto& d = row.delivery;
  const auto finished_at = reader.maybe_time(25, "finished_at");
  const auto otherwise = finished_at ? model::DeliveryState::rejected : model::DeliveryState::waiting;
  d.state = reader.enumerator(14, "state", otherwise);
  d.finished_at = finished_at.value_or(base::Timestamp{});
  if (open(d.state) != finished_at.has_value()) return;
  reader.add_problem("its state and finished_at contradict each other");
  // Without finished_at, treat it as waiting: then the next lease finds it and ends it.
  if (!finished_at) d.state = model::DeliveryState::waiting;
}

}  // namespace

DeliveryRow read_delivery(const Rows& rows) {
  DeliveryRow row;
  Reader reader(rows);
  auto& d = row.delivery;
  d.sequence = static_cast<std::uint64_t>(rows.number(0));
  if (rows.is_null(30)) reader.add_problem("its notification is gone");
  if (rows.is_null(31)) reader.add_problem("its recipient queue is gone");
  d.id = reader.text(1, "id");
  row.notification = reader.number(2, "notification");
  row.queue = reader.number(3, "queue");
  d.kind = reader.enumerator(4, "kind", model::DeliveryKind::notification);
  d.sink = reader.text(5, "sink");
  row.email = reader.text(6, "email");
  d.route = reader.text(7, "route");
  d.fallback = fallback_of(reader, 8);
  d.overrides = overrides_of(reader, 9);
  d.sensitive = reader.flag(10, "sensitive");
  d.allow_sensitive = reader.flag(11, "allow_sensitive");
  d.fallback_of = reader.text(12, "fallback_of");
  d.created_at = reader.time(13, "created_at");
  d.dead_letter = reader.flag(15, "dead_letter");
  d.possible_duplicate = reader.flag(16, "possible_duplicate");
  d.attempts = reader.count(17, "attempts");
  row.open_attempt = reader.count(18, "open_attempt");
  d.failures = reader.count(19, "failures");
  row.leases = reader.count(20, "leases");
  row.claim_until = reader.time(21, "claim_until");
  row.joins_at = reader.time(22, "joins_at");
  d.due_at = reader.time(23, "due_at");
  d.expires_at = reader.time(24, "expires_at");
  d.last_reason = reader.text(26, "last_reason");
  d.last_detail = reader.text(27, "last_detail");
  d.receipt = reader.text(28, "receipt");
  row.begun_at = reader.time(29, "begun_at");
  d.notification_id = rows.text(30);
  d.destination = destination_of(reader, rows.text(31));
  d.note = reader.text(32, "note");
  row.time_of_day = reader.flag(33, "time_of_day");
  row.event = reader.text(34, "event");
  read_state(reader, row);
  row.unreadable = reader.take_problem();
  return row;
}

}  // namespace belfry::store::sqlite
