#include <algorithm>

#include "model/codec.hpp"
#include "store/rules/rules.hpp"
#include "store/rules/steps.hpp"

namespace belfry::store::rules {
namespace {

std::optional<std::vector<model::Notification>> read_items(Tables& tables, const DeliveryRow& row) {
  std::vector<model::Notification> items;
  for (const auto id : carried(tables, row)) {
    auto item = model::decode_notification(tables.text(id));
    if (!item) return std::nullopt;
    items.push_back(std::move(*item));
  }
  return items;
}

// A text that cannot be read would come back to every lease and block its sink: it becomes a dead letter instead.
void give_up(Tables& tables, DeliveryRow& row, base::Timestamp now) {
  row.delivery.last_reason = "unreadable";
  row.delivery.last_detail = "the stored notification cannot be read";
  add_decision(tables, row, "rejected", "unreadable: the stored notification cannot be read", now);
  end(tables, row, model::DeliveryState::rejected, true, now);
}

// Saves the row.
std::uint32_t begin_attempt(Tables& tables, DeliveryRow& row, base::Timestamp now) {
  if (row.open_attempt != 0 && !has_ended(tables.attempts(row), row.open_attempt)) {
    tables.save(row.row(), AttemptRow{.number = row.open_attempt, .started_at = row.begun_at});
  }
  row.open_attempt = ++row.delivery.attempts;
  row.begun_at = now;
  tables.save_claim(row);
  return row.open_attempt;
}

std::optional<Leased> claim(Tables& tables, DeliveryRow row, const LeaseRequest& request) {
  auto items = read_items(tables, row);
  if (!items) {
    give_up(tables, row, request.now);
    return std::nullopt;
  }
  if (row.delivery.kind == model::DeliveryKind::digest) tables.close_digest(row.queue, row.row());
  row.delivery.state = model::DeliveryState::in_flight;
  row.claim_until = request.now + request.lease_time;
  ++row.leases;
  Leased leased;
  leased.claim = claim_of(row);
  leased.items = std::move(*items);
  leased.in_doubt = row.open_attempt != 0;
  if (request.begin && !leased.in_doubt && row.delivery.expires_at > request.now) {
    leased.attempt = begin_attempt(tables, row, request.now);
  } else {
    tables.save_claim(row);
  }
  leased.delivery = std::move(row.delivery);
  return leased;
}

void lease_head(Tables& tables, QueueRow queue, const LeaseRequest& request, std::vector<Leased>& leased) {
  auto front = tables.front(queue.row, request.now);
  queue.ready_at = ready_at(queue, front);
  if (queue.ready_at && *queue.ready_at <= request.now) {
    auto taken = claim(tables, *tables.delivery(front.head->delivery), request);
    if (!taken) return refresh(tables, std::move(queue), request.now);
    front.head->claim_until = request.now + request.lease_time;
    queue.ready_at = ready_at(queue, front);
    leased.push_back(std::move(*taken));
  }
  tables.save(queue);
}

base::Result<void> check(const LeaseRequest& request) {
  if (request.lease_time.count() > 0) return {};
  return base::fail(base::ErrorCode::invalid, "a lease needs a time above zero");
}

}  // namespace

base::Result<Lease> lease(Tables& tables, const LeaseRequest& request) {
  if (auto checked = check(request); !checked) return std::unexpected(checked.error());
  Lease result;
  while (result.leased.size() < request.most) {
    const auto queues = tables.ready_queues(request.sink, request.now, request.most - result.leased.size());
    if (queues.empty()) break;
    for (const auto& queue : queues) lease_head(tables, queue, request, result.leased);
  }
  result.next_ready = tables.next_ready(request.sink);
  return result;
}

base::Result<Lease> lease_expired(Tables& tables, const LeaseRequest& request) {
  if (auto checked = check(request); !checked) return std::unexpected(checked.error());
  Lease result;
  for (const auto id : tables.expired(request.sink, request.now, request.most)) {
    auto row = *tables.delivery(id);
    const auto queue = row.queue;
    if (auto taken = claim(tables, std::move(row), request)) result.leased.push_back(std::move(*taken));
    refresh(tables, tables.queue(queue), request.now);
  }
  result.next_ready = tables.next_expiry(request.sink);
  return result;
}

base::Result<bool> release(Tables& tables, const std::string& claim, std::uint32_t attempt, base::Timestamp at) {
  auto row = holder_of(tables, claim);
  if (!row) return false;
  if (attempt != 0) {
    if (attempt != row->open_attempt) return base::fail(base::ErrorCode::invalid, "the attempt was not begun with the lease");
    row->open_attempt = 0;
    --row->delivery.attempts;
  }
  row->delivery.state = model::DeliveryState::waiting;
  row->delivery.due_at = std::max(row->delivery.due_at, at);
  row->claim_until = {};
  tables.save(*row);
  // Without the time there is no looking anew; the earlier of both is a lower bound still.
  auto queue = tables.queue(row->queue);
  if (queue.ready_at) queue.ready_at = std::max(std::min(*queue.ready_at, row->delivery.due_at), queue.paused_until);
  tables.save(queue);
  return true;
}

base::Result<std::uint32_t> begin(Tables& tables, const std::string& claim, bool possible_duplicate, base::Timestamp now) {
  auto row = holder_of(tables, claim);
  if (!row || !leased(*row, now)) return base::fail(base::ErrorCode::not_found, "the claim on the delivery was lost");
  row->delivery.possible_duplicate |= possible_duplicate;
  return begin_attempt(tables, *row, now);
}

}  // namespace belfry::store::rules
