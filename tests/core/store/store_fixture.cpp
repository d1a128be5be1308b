#include "core/store/store_fixture.hpp"

#include <stdlib.h>

namespace belfry::store {

base::Result<Accepted> Calls::accept(Acceptance acceptance) {
  return answer<Accepted>([&](auto handler) { store_.accept(std::move(acceptance), std::move(handler)); });
}
base::Result<Lease> Calls::lease(base::Timestamp now, std::size_t limit, std::string sink, base::Millis time) {
  return answer<Lease>(
      [&](auto handler) { store_.lease({.sink = std::move(sink), .limit = limit, .now = now, .lease_time = time}, std::move(handler)); });
}
base::Result<Lease> Calls::lease_expired(base::Timestamp now, std::size_t limit, std::string sink) {
  return answer<Lease>([&](auto handler) {
    store_.lease_expired({.sink = std::move(sink), .limit = limit, .now = now, .lease_time = 30s}, std::move(handler));
  });
}
base::Result<bool> Calls::release(std::string claim, base::Timestamp at, std::uint32_t attempt) {
  return answer<bool>([&](auto handler) { store_.release(std::move(claim), attempt, at, std::move(handler)); });
}
base::Result<Lease> Calls::lease_and_begin(base::Timestamp now, std::size_t limit, base::Millis time, std::string sink) {
  return answer<Lease>([&](auto handler) {
    store_.lease({.sink = std::move(sink), .limit = limit, .now = now, .lease_time = time, .begin = true}, std::move(handler));
  });
}
base::Result<std::uint32_t> Calls::begin(std::string claim, base::Timestamp now, bool possible_duplicate) {
  return answer<std::uint32_t>([&](auto handler) { store_.begin(std::move(claim), possible_duplicate, now, std::move(handler)); });
}
base::Result<Finished> Calls::finish(Finish finish) {
  return answer<Finished>([&](auto handler) { store_.finish(std::move(finish), std::move(handler)); });
}
base::Result<LateResult> Calls::finish_late(std::string id, std::uint32_t attempt, model::Outcome outcome, base::Timestamp now) {
  return answer<LateResult>([&](auto handler) { store_.finish_late(std::move(id), attempt, std::move(outcome), now, std::move(handler)); });
}
base::Result<bool> Calls::pause(std::string destination_key, base::Timestamp until, std::string sink) {
  return answer<bool>([&](auto handler) { store_.pause_queue(std::move(sink), std::move(destination_key), until, std::move(handler)); });
}
base::Result<std::size_t> Calls::end_backoff(base::Timestamp now, std::string sink) {
  return answer<std::size_t>([&](auto handler) { store_.end_backoff(std::move(sink), now, std::move(handler)); });
}
base::Result<Stats> Calls::stats(base::Timestamp now) { return store_.stats(now); }
base::Result<DeliveryPage> Calls::list(Filter filter, PageRequest page, base::Timestamp now) {
  return answer<DeliveryPage>([&](auto handler) { store_.list(std::move(filter), page, now, std::move(handler)); });
}
base::Result<std::vector<model::Delivery>> Calls::deliveries(Filter filter, base::Timestamp now) {
  std::vector<model::Delivery> all;
  PageRequest request{.limit = PageRequest::kMaxLimit};
  do {
    auto page = list(filter, request, now);
    if (!page) return std::unexpected(std::move(page.error()));
    for (auto& listed : page->deliveries) all.push_back(std::move(listed.delivery));
    request.before = page->next;
  } while (request.before != 0);
  return all;
}
base::Result<std::vector<std::string>> Calls::resolve(std::string id) {
  return answer<std::vector<std::string>>([&](auto handler) { store_.resolve(std::move(id), std::move(handler)); });
}
base::Result<std::vector<std::string>> Calls::notifications_for(std::string email, base::Timestamp since, std::size_t limit) {
  return answer<std::vector<std::string>>(
      [&](auto handler) { store_.notifications_for(std::move(email), since, limit, std::move(handler)); });
}
base::Result<std::vector<SourceHeard>> Calls::sources_heard() {
  return answer<std::vector<SourceHeard>>([&](auto handler) { store_.sources_heard(std::move(handler)); });
}
base::Result<History> Calls::history(std::string notification_id) {
  return answer<History>([&](auto handler) { store_.history(std::move(notification_id), std::move(handler)); });
}
base::Result<NotificationPage> Calls::list_notifications(base::Timestamp since, std::int64_t from, std::size_t limit) {
  return answer<NotificationPage>([&](auto handler) { store_.list_notifications(since, from, limit, std::move(handler)); });
}

base::Result<Changed> Calls::retry(std::vector<std::string> ids, base::Timestamp now, base::Millis max_age, std::string reason) {
  const RetryAges ages{.by_sink = {{"slack", max_age}, {"mail", max_age}}};
  return answer<Changed>(
      [&](auto handler) { store_.retry(std::move(ids), {.name = "alice", .reason = std::move(reason)}, now, ages, std::move(handler)); });
}
base::Result<Changed> Calls::reroute(Acceptance plan, base::Timestamp now, std::string reason) {
  return answer<Changed>(
      [&](auto handler) { store_.reroute(std::move(plan), {.name = "alice", .reason = std::move(reason)}, now, std::move(handler)); });
}
base::Result<Changed> Calls::discard(std::vector<std::string> ids, base::Timestamp now, std::string reason) {
  return answer<Changed>(
      [&](auto handler) { store_.discard(std::move(ids), {.name = "alice", .reason = std::move(reason)}, now, std::move(handler)); });
}
base::Result<bool> Calls::audit(OperatorAction action) {
  return answer<bool>([&](auto handler) { store_.audit(std::move(action), std::move(handler)); });
}
base::Result<std::vector<OperatorAction>> Calls::list_audit(std::int64_t before, std::size_t limit) {
  return answer<std::vector<OperatorAction>>([&](auto handler) { store_.list_audit(before, limit, std::move(handler)); });
}
base::Result<SweepResult> Calls::sweep(base::Timestamp before, std::size_t limit) {
  return answer<SweepResult>([&](auto handler) { store_.sweep(before, limit, std::move(handler)); });
}
base::Result<std::optional<KvValue>> Calls::kv_get(std::string scope, std::string key) {
  return answer<std::optional<KvValue>>([&](auto handler) { store_.kv_get(std::move(scope), std::move(key), std::move(handler)); });
}
base::Result<std::uint64_t> Calls::kv_put(std::string scope, std::string key, std::string value, std::optional<std::uint64_t> expected) {
  return answer<std::uint64_t>(
      [&](auto handler) { store_.kv_put(std::move(scope), std::move(key), std::move(value), expected, std::move(handler)); });
}
base::Result<bool> Calls::kv_erase(std::string scope, std::string key) {
  return answer<bool>([&](auto handler) { store_.kv_erase(std::move(scope), std::move(key), std::move(handler)); });
}
base::Result<bool> Calls::probe() {
  return answer<bool>([&](auto handler) { store_.probe(std::move(handler)); });
}

base::Result<StoredClock> Calls::clock() {
  return answer<StoredClock>([&](auto handler) { store_.clock(std::move(handler)); });
}
base::Result<std::size_t> Calls::save_clock(base::ClockCheckpoint mark) {
  return answer<std::size_t>([&](auto handler) { store_.save_clock(std::move(mark), std::move(handler)); });
}
base::Result<std::size_t> Calls::age_deliveries(base::Millis passed, base::Timestamp created_before) {
  return answer<std::size_t>([&](auto handler) { store_.age_deliveries(passed, created_before, std::move(handler)); });
}

model::Notification notification(const std::string& id) {
  return {.id = id,
          .source = "coder",
          .msg_id = "msg-" + id,
          .received_at = kStart,
          .name = "Workspace Created",
          .title = "title of " + id,
          .body = "body of " + id,
          .recipient = {.email = "Bobby@Coder.com", .name = "Bobby"},
          .labels = {{"workspace", "dev"}},
          .data = nullptr};
}

PlannedDelivery planned(const std::string& id, const std::string& address, base::Timestamp now, const std::string& sink) {
  PlannedDelivery planned;
  planned.delivery.id = id;
  planned.delivery.sink = sink;
  planned.delivery.destination = {.address = address};
  planned.delivery.route = "everyone";
  planned.delivery.created_at = now;
  planned.delivery.due_at = now;
  planned.delivery.expires_at = now + 24h;
  return planned;
}

Acceptance acceptance(const std::string& id, std::vector<PlannedDelivery> deliveries) {
  return {.notification = notification(id),
          .deliveries = std::move(deliveries),
          .decisions = {{.at = kStart, .notification_id = id, .event = "received", .detail = "from coder"}}};
}

Acceptance simple(const std::string& id, const std::string& address, base::Timestamp now) {
  return acceptance(id, {planned("d-" + id, address, now)});
}

model::Outcome delivered() {
  return {.code = model::OutcomeCode::delivered, .http_status = 200, .reason = "ok", .receipt = R"({"ts":"1"})"};
}

model::Outcome failed(const std::string& reason) { return {.code = model::OutcomeCode::retry, .http_status = 500, .reason = reason}; }

Finish finish_of(const Leased& leased, std::uint32_t attempt, model::Outcome outcome, Disposition next, base::Timestamp now) {
  return {.claim = leased.claim,
          .delivery_id = leased.delivery.id,
          .attempt = attempt,
          .outcome = std::move(outcome),
          .next = std::move(next),
          .now = now};
}

std::vector<std::string> ids(const Lease& lease) {
  std::vector<std::string> ids;
  for (const auto& leased : lease.leased) ids.push_back(leased.delivery.id);
  return ids;
}

std::vector<std::string> whats(const History& history) {
  std::vector<std::string> whats;
  for (const auto& decision : history.decisions) whats.push_back(decision.event);
  return whats;
}

TemporaryDirectory::TemporaryDirectory() {
  std::string name = (std::filesystem::temp_directory_path() / "belfry-store-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
  path_ = name;
}

base::Logger silent() {
  return base::Logger(base::LogLevel::error, std::make_shared<base::Scrubber>(), [](base::LogLevel, const std::string&) {});
}

}  // namespace belfry::store
