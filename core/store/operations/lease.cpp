#include <algorithm>
#include <new>

#include "store/medium.hpp"
#include "store/operations/digest.hpp"
#include "store/operations/operations.hpp"
#include "store/operations/steps.hpp"

namespace belfry::store::operations {
namespace {

// Also saves the row.
std::uint32_t begin_attempt(Tables& tables, DeliveryRow& row, base::Timestamp now) {
  if (row.open_attempt != 0 && !has_ended(tables.attempts(row), row.open_attempt)) {
    tables.save(row.row(), AttemptRow{.number = row.open_attempt, .started_at = row.begun_at});
  }
  row.open_attempt = ++row.delivery.attempts;
  row.begun_at = now;
  tables.save_claim(row);
  return row.open_attempt;
}

Leased claim(Tables& tables, DeliveryRow row, Contents contents, const LeaseRequest& request) {
  if (row.delivery.kind == model::DeliveryKind::digest) tables.close_digest(row.queue, row.row());
  row.delivery.state = model::DeliveryState::in_flight;
  row.claim_until = request.now + request.lease_time;
  ++row.leases;
  Leased leased;
  leased.claim = claim_of(row);
  leased.items = std::move(contents.items);
  leased.bytes = contents.bytes;
  leased.in_doubt = row.open_attempt != 0;
  if (request.begin && !leased.in_doubt && row.delivery.expires_at > request.now) {
    leased.attempt = begin_attempt(tables, row, request.now);
  } else {
    tables.save_claim(row);
  }
  leased.delivery = std::move(row.delivery);
  return leased;
}

// Adds the delivery to the lease. An unreadable delivery would come back with every lease and block its sink: it becomes a dead letter,
// whatever the reason. False: it became one.
bool lease_delivery(Tables& tables, DeliveryRow row, QueueRow& queue, const LeaseRequest& request, Lease& lease) {
  try {
    auto contents = row.unreadable.empty() ? read_contents(tables, row, queue, request.now) : base::fail(row.unreadable);
    if (contents) {
      auto leased = claim(tables, row, std::move(*contents), request);
      lease.bytes += leased.bytes;
      lease.leased.push_back(std::move(leased));
      return true;
    }
    row.unreadable = std::move(contents.error().message);
  } catch (const MediumFailure&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& bug) {
    row.unreadable = bug.what();
  }
  make_dead_letter(tables, row, row.unreadable, request.now);
  lease.unreadable.push_back(std::move(row.delivery));
  return false;
}

void lease_head(Tables& tables, QueueRow queue, const LeaseRequest& request, Lease& lease) {
  auto front = tables.front(queue, request.now);
  queue.ready_at = ready_at(queue, front);
  if (queue.ready_at && *queue.ready_at <= request.now) {
    const auto head = front.head->delivery;
    auto row = tables.delivery(head);
    if (!row) throw std::logic_error("the head of a queue is not a delivery");
    if (lease_delivery(tables, std::move(*row), queue, request, lease)) {
      front.leased_until = front.head->claim_until = request.now + request.lease_time;
      queue.holder = head;
    } else {
      front = tables.front(queue, request.now);
    }
    queue.ready_at = ready_at(queue, front);
  }
  tables.save(queue);
}

// A delivery is leased whatever its size: the last one may exceed request.bytes.
bool is_full(const Lease& lease, const LeaseRequest& request) {
  return lease.leased.size() + lease.unreadable.size() >= request.limit || lease.bytes >= request.bytes;
}

base::Result<void> check(const LeaseRequest& request) {
  if (request.lease_time.count() > 0) return {};
  return base::fail(base::ErrorCode::invalid, "the lease time must be positive");
}

}  // namespace

base::Result<Lease> lease(Tables& tables, const LeaseRequest& request) {
  if (auto checked = check(request); !checked) return std::unexpected(checked.error());
  Lease result;
  while (!is_full(result, request)) {
    const auto queues = tables.ready_queues(request.sink, request.now, request.limit - result.leased.size() - result.unreadable.size());
    if (queues.empty()) break;
    for (const auto& queue : queues) {
      if (!is_full(result, request)) lease_head(tables, queue, request, result);
    }
  }
  result.next_ready = tables.next_ready(request.sink);
  return result;
}

base::Result<Lease> lease_expired(Tables& tables, const LeaseRequest& request) {
  if (auto checked = check(request); !checked) return std::unexpected(checked.error());
  Lease result;
  for (const auto id : tables.expired(request.sink, request.now, request.limit)) {
    if (is_full(result, request)) break;
    auto row = tables.delivery(id);
    if (!row) continue;
    auto queue = tables.queue(row->queue).value_or(QueueRow{});
    if (lease_delivery(tables, std::move(*row), queue, request, result)) queue.holder = id;
    if (queue.row == 0) continue;
    queue.ready_at = ready_at(queue, tables.front(queue, request.now));
    tables.save(queue);
  }
  result.next_ready = tables.next_expiry(request.sink);
  return result;
}

base::Result<bool> release(Tables& tables, const std::string& claim, std::uint32_t attempt, base::Timestamp at) {
  auto row = find_by_claim(tables, claim);
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
  // Another delivery of the queue may be ready earlier. `now` is not available here, so let the next lease check.
  auto queue = tables.queue(row->queue);
  if (!queue) return true;
  queue->ready_at = queue->paused_until;
  tables.save(*queue);
  return true;
}

base::Result<std::uint32_t> begin(Tables& tables, const std::string& claim, bool possible_duplicate, base::Timestamp now) {
  auto row = find_by_claim(tables, claim);
  if (!row || !leased(*row, now)) return base::fail(base::ErrorCode::not_found, "the claim on the delivery was lost");
  row->delivery.possible_duplicate |= possible_duplicate;
  return begin_attempt(tables, *row, now);
}

}  // namespace belfry::store::operations
