// One transaction decides the fate of every planned delivery, so that two accepts cannot race for a window or a digest.
#include <algorithm>

#include "model/codec.hpp"
#include "store/operations/digest.hpp"
#include "store/operations/operations.hpp"
#include "store/operations/steps.hpp"

namespace belfry::store::operations {
namespace {

constexpr std::size_t kWindowsRemovedAtOnce = 2;  // more than one per added window, so that expired ones do not pile up
constexpr auto kHeardAgain = std::chrono::seconds(1);

// Returns the window if it is used up, and otherwise counts this use by `notification`.
std::optional<Window> use_window(Tables& tables, const WindowKey& key, const model::Notification& notification, base::Timestamp now,
                                 base::Millis length, std::uint32_t limit) {
  auto window = tables.window(key).value_or(Window{});
  if (window.ends_at <= now) window = {.ends_at = now + length, .count = 0, .first = notification.id};
  if (window.count >= limit) return window;
  ++window.count;
  tables.save(key, window);
  tables.remove_windows(now, kWindowsRemovedAtOnce);
  return std::nullopt;
}

// Where a planned delivery goes.
struct Placement {
  const PlannedDelivery* planned = nullptr;
  QueueRow queue;
  std::optional<DigestKey> digest;   // none: a separate delivery
  std::optional<OpenDigest> joined;  // none, with `digest`: opens a digest
};

class Acceptor {
 public:
  Acceptor(Tables& tables, const Acceptance& acceptance, const std::string& text) : tables_(tables), acceptance_(acceptance), text_(text) {}

  Accepted run() {
    for (const auto& planned : acceptance_.deliveries) decide(planned, planned.dedupe);
    write_notification();
    write_plan();
    return std::move(result_);
  }

  // For a notification that is stored already, without a delivery. Returns the ids of its deliveries.
  std::vector<std::string> run_again(NotificationRow stored) {
    for (const auto& planned : acceptance_.deliveries) decide(planned, std::nullopt);
    stored.sensitive = acceptance_.notification.sensitive;
    stored.unrouted = false;
    stored.unfinished = static_cast<std::uint32_t>(placements_.size());
    tables_.save_routed(stored, text_);
    notification_ = stored.row;
    write_plan();
    return std::move(deliveries_);
  }

  [[nodiscard]] const std::vector<std::string>& sinks() const { return result_.sinks; }

 private:
  void write_plan() {
    for (const auto& placement : placements_) place(placement);
    for (const auto& decision : acceptance_.decisions) tables_.add_decision(notification_, decision);
    for (const auto& decision : decisions_) tables_.add_decision(notification_, decision);
  }

  void decide(const PlannedDelivery& planned, const std::optional<DedupeKey>& dedupe) {
    const auto& delivery = planned.delivery;
    const auto now = delivery.created_at;
    const auto queue = queue_for(tables_, delivery.sink, delivery.destination.key());
    if (std::ranges::find(seen_, queue.row) != seen_.end()) {
      return note(delivery, "merged", "another route chose the same target first");
    }
    seen_.push_back(queue.row);
    if (dedupe) {
      const auto window =
          use_window(tables_, {queue.row, WindowKind::dedupe, dedupe->key}, acceptance_.notification, now, dedupe->window, 1);
      if (window) return note(delivery, "deduplicated", repetition(*dedupe, *window));
    }
    Placement placement{.planned = &planned, .queue = queue};
    if (!acceptance_.notification.sensitive && !delivery.sensitive) placement.digest = digest_of(planned, queue);
    if (placement.digest.has_value()) placement.joined = open_digest(queue, *placement.digest, now);
    placements_.push_back(std::move(placement));
  }

  // `processor "repeats": key "Workspace Created" was sent within 5m as notification 0193...`
  static std::string repetition(const DedupeKey& dedupe, const Window& window) {
    return (dedupe.by.empty() ? "" : "processor \"" + dedupe.by + "\": ") +
           (dedupe.shown.empty() ? "the same event" : "key \"" + dedupe.shown + "\"") + " was sent within " +
           base::to_string(dedupe.window) + (window.first.empty() ? "" : std::string(kAsNotification) + window.first);
  }

  std::optional<DigestKey> digest_of(const PlannedDelivery& planned, const QueueRow& queue) {
    if (planned.digest) return planned.digest;
    if (!planned.throttle) return std::nullopt;
    const auto& throttle = *planned.throttle;
    const auto now = planned.delivery.created_at;
    const auto window = use_window(tables_, {queue.row, WindowKind::throttle, throttle.key}, acceptance_.notification, now, throttle.window,
                                   throttle.limit);
    if (!window) return std::nullopt;
    note(planned.delivery, "throttled", "more than " + std::to_string(throttle.limit) + " within " + base::to_string(throttle.window));
    auto overflow = throttle.overflow;
    if (overflow.due_at <= now + throttle.window) overflow.due_at = std::max(window->ends_at, planned.delivery.due_at);
    return overflow;
  }

  std::optional<OpenDigest> open_digest(const QueueRow& queue, const DigestKey& key, base::Timestamp now) {
    auto open = tables_.open_digest(queue.row, key.key);
    if (!open || open->expires_at <= now || !fits_digest(open->members, open->bytes, text_.size())) return std::nullopt;
    const auto row = tables_.delivery(open->delivery);
    if (!row || !row->unreadable.empty() || row->delivery.state != model::DeliveryState::waiting) return std::nullopt;
    open->delivery_id = row->delivery.id;
    return open;
  }

  void write_notification() {
    const auto& notification = acceptance_.notification;
    NotificationRow row{.id = notification.id,
                        .source = notification.source,
                        .msg_id = notification.msg_id,
                        .received_at = notification.received_at,
                        .sensitive = notification.sensitive,
                        .unrouted = acceptance_.deliveries.empty() && !acceptance_.dropped,
                        .unfinished = static_cast<std::uint32_t>(placements_.size()),
                        .email = ascii_lower(notification.recipient.email),
                        .event = notification.name};
    if (placements_.empty()) row.ended_at = notification.received_at;
    row.erased = placements_.empty() && notification.sensitive;
    notification_ = tables_.add(row, row.erased ? model::encode(without_text(notification)) : text_);
    result_.notification_id = notification.id;
  }

  void place(const Placement& placement) {
    const auto& planned = placement.planned->delivery;
    if (placement.joined) {
      auto open = *placement.joined;
      ++open.members;
      open.bytes += text_.size();
      tables_.add_member(open.delivery, notification_);
      tables_.save_open_digest(placement.queue.row, placement.digest->key, open);
      deliveries_.push_back(open.delivery_id);
      return note(planned, "digested", "joined an open digest", open.delivery_id);
    }
    auto row = new_row(planned, placement);
    row.delivery.sequence = static_cast<std::uint64_t>(tables_.add(row));
    deliveries_.push_back(row.delivery.id);
    if (placement.digest.has_value()) {
      tables_.add_member(row.row(), notification_);
      tables_.save_open_digest(placement.queue.row, placement.digest->key,
                               {.delivery = row.row(), .members = 1, .bytes = text_.size(), .expires_at = row.delivery.expires_at});
      note(planned, "digested", "opened a digest that is due at " + base::to_rfc3339(row.delivery.due_at + acceptance_.wall_offset),
           row.delivery.id);
    }
    enqueue(tables_, placement.queue, row, planned.created_at);
    if (std::ranges::find(result_.sinks, planned.sink) == result_.sinks.end()) result_.sinks.push_back(planned.sink);
  }

  DeliveryRow new_row(const model::Delivery& planned, const Placement& placement) {
    DeliveryRow row{.notification = notification_, .queue = placement.queue.row};
    auto& delivery = row.delivery;
    delivery.id = planned.id;
    delivery.kind = placement.digest.has_value() ? model::DeliveryKind::digest : model::DeliveryKind::notification;
    if (placement.digest.has_value()) delivery.note = placement.digest->note;
    delivery.notification_id = acceptance_.notification.id;
    delivery.sink = planned.sink;
    delivery.destination = planned.destination;
    delivery.overrides = planned.overrides;
    delivery.route = planned.route;
    delivery.fallback = planned.fallback;
    delivery.sensitive = planned.sensitive;
    delivery.allow_sensitive = planned.allow_sensitive;
    delivery.created_at = planned.created_at;
    delivery.due_at = placement.digest.has_value() ? placement.digest->due_at : planned.due_at;
    delivery.expires_at = placement.digest.has_value() ? placement.digest->expires_at.value_or(planned.expires_at) : planned.expires_at;
    row.joins_at = delivery.due_at;
    row.time_of_day = placement.digest.has_value() ? placement.digest->time_of_day : placement.planned->time_of_day;
    if (row.time_of_day) apply_missed_clock_step(row);
    row.email = ascii_lower(acceptance_.notification.recipient.email);
    row.event = acceptance_.notification.name;
    return row;
  }

  // The wall clock may have been set since the delivery was planned.
  void apply_missed_clock_step(DeliveryRow& row) {
    const auto kept = tables_.clock().mark;
    if (!kept || kept->wall_offset == acceptance_.wall_offset) return;
    apply_clock_step(row, kept->wall_offset - acceptance_.wall_offset, row.delivery.created_at);
  }

  void note(const model::Delivery& planned, std::string_view what, std::string_view detail, std::string delivery_id = {}) {
    decisions_.push_back({.at = planned.created_at,
                          .notification_id = acceptance_.notification.id,
                          .delivery_id = std::move(delivery_id),
                          .event = std::string(what),
                          .detail = planned.sink + " " + planned.destination.key() + ": " + std::string(detail)});
  }

  Tables& tables_;
  const Acceptance& acceptance_;
  const std::string& text_;
  RowId notification_ = 0;
  std::vector<RowId> seen_;  // queues of the targets so far
  std::vector<Placement> placements_;
  std::vector<model::Decision> decisions_;
  std::vector<std::string> deliveries_;  // ids of those that carry the notification
  Accepted result_;
};

// Accepts of one second write once.
void note_heard(Tables& tables, const model::Notification& notification) {
  const auto known = tables.source(notification.source);
  if (known && notification.received_at < known->at + kHeardAgain) return;
  tables.save(SourceHeard{.source = notification.source, .at = notification.received_at, .msg_id = notification.msg_id});
}

// Recorded once: a source may repeat itself without end.
void note_duplicate(Tables& tables, const std::string& id, base::Timestamp at) {
  const auto stored = tables.notification(id);
  if (!stored) return;
  const auto decisions = tables.decisions(*stored);
  if (std::ranges::find(decisions, "duplicate", &model::Decision::event) != decisions.end()) return;
  tables.add_decision(stored->row,
                      {.at = at, .notification_id = id, .event = "duplicate", .detail = "the source sent the same msg_id again"});
}

}  // namespace

base::Result<Accepted> accept(Tables& tables, const Acceptance& acceptance, const std::string& text) {
  const auto& notification = acceptance.notification;
  note_heard(tables, notification);
  if (auto id = tables.find_id(notification.source, notification.msg_id)) {
    note_duplicate(tables, *id, notification.received_at);
    return Accepted{.duplicate = true, .notification_id = std::move(*id)};
  }
  return Acceptor(tables, acceptance, text).run();
}

base::Result<Changed> reroute(Tables& tables, const Acceptance& plan, const std::string& text, const Operator& by, base::Timestamp now) {
  const auto& id = plan.notification.id;
  if (plan.deliveries.empty()) return base::fail(base::ErrorCode::invalid, "the plan of notification " + id + " has no deliveries");
  const auto unchanged = [&](std::string_view why) { return Changed{.unchanged = {{id, std::string(why)}}}; };
  const auto stored = tables.notification(id);
  if (!stored) return unchanged(kDoesNotExist);
  if (stored->erased) return unchanged(kErased);
  if (!tables.deliveries_of(stored->row).empty()) return unchanged("has been routed meanwhile");

  tables.add_decision(stored->row, {.at = now, .notification_id = id, .event = "rerouted", .detail = by_operator(by)});
  Acceptor acceptor(tables, plan, text);
  Changed changed{.changed = acceptor.run_again(*stored)};
  changed.sinks = acceptor.sinks();
  std::string subject = "notification " + id + " to ";
  std::vector<std::string> sinks;
  for (const auto& delivery : changed.changed) {
    const auto sink = tables.delivery(delivery).value_or(DeliveryRow{}).delivery.sink;
    if (std::ranges::find(sinks, sink) != sinks.end()) continue;
    subject += (sinks.empty() ? "" : ", ") + sink;
    sinks.push_back(sink);
  }
  tables.add(OperatorAction{.at = now,
                            .action = "retry",
                            .by = by.name,
                            .reason = by.reason,
                            .subject = std::move(subject),
                            .deliveries = changed.changed.size()});
  return changed;
}

}  // namespace belfry::store::operations
