// The host calls of an instance, its requests, and its health. The other parts are in instance_open.cpp, instance_check.cpp and
// instance_offload.cpp.
#include "plugin/run/plugin_instance.hpp"

#include "base/gateway_clock.hpp"
#include "plugin/contract/abi.hpp"
#include "plugin/contract/message_view.hpp"
#include "plugin/contract/outcome.hpp"

namespace belfry::plugin {
namespace {

void run_all(std::vector<Cancel>& cancels) {
  for (auto& cancel : cancels) cancel();
}

}  // namespace

// ---- Host calls, from the host to the plugin --------------------------------------------------------------------------------

void PluginInstance::deliver(SendRequest send, OutcomeHandler handler) {
  submit({.kind = HostCall::Kind::deliver, .on_outcome = std::move(handler)}, std::move(send));
}

void PluginInstance::reconcile(SendRequest send, ReconcileHandler handler) {
  submit({.kind = HostCall::Kind::reconcile, .on_reconciled = std::move(handler)}, std::move(send));
}

void PluginInstance::submit(HostCall host_call, SendRequest send) {
  const auto kind = host_call.kind;
  host_call.delivery_id = send.message->delivery.id;
  host_call.attempt = send.attempt;
  host_call.timeout = send.timeout;
  const bool hangs = health_ == Health::hung;
  const Ticket ticket = hangs ? 0 : tickets_.open_host_call(host_call);
  if (ticket == 0) {
    host_strand_.post([refused = std::move(host_call), hangs]() mutable { end_by_host(refused, hangs ? HostEnd::hung : HostEnd::closed); });
    return;
  }
  const auto begin_by = parts_.clock.steady() + parts_.limits.begin;
  caller_.post(
      [self = shared_from_this(), ticket, kind, begin_by, sent = std::move(send)] { self->dispatch(ticket, kind, begin_by, sent); });
}

void PluginInstance::dispatch(Ticket ticket, HostCall::Kind kind, base::SteadyTime begin_by, const SendRequest& send) {
  const auto now = parts_.clock.steady();
  if (stop_.called()) return end_call(ticket, HostEnd::stopped);
  if (now > begin_by) return abandon(ticket, HostEnd::deadline);
  const auto begun = tickets_.begin(ticket, now);
  if (!begun) return;
  start_deadline(ticket, begun->timeout);
  const MessageView message(send, ticket, begun->deadline, base::wall_offset(parts_.clock));
  CallSubject subject;
  subject.set(send.message->delivery.id, send.attempt);
  const auto deliver = [&] { api_.deliver(plugin_self_, message.table()); };
  const auto reconcile = [&] { extensions_.reconcile.reconcile(plugin_self_, message.table()); };
  const bool returned = kind == HostCall::Kind::deliver ? caller_.call("deliver", parts_.limits.hung, deliver, subject)
                                                        : caller_.call("reconcile", parts_.limits.hung, reconcile, subject);
  if (!returned) end_call(ticket, HostEnd::threw);
}

void PluginInstance::start_deadline(Ticket ticket, base::Millis timeout) {
  const auto left = std::max(timeout, base::Millis(0));
  host_strand_.post([self = shared_from_this(), ticket, left] { self->arm_timer(ticket, left, &PluginInstance::deadline_passed); });
}

void PluginInstance::complete(Ticket ticket, const belfry_outcome* outcome) {
  auto decoded = decode_outcome(outcome, *parts_.scrubber);
  if (!decoded.defects.empty()) log_.violation("bad_outcome", decoded.defects);
  auto finished = tickets_.finish(ticket, HostCall::Kind::deliver);
  if (finished.completion == Tickets::Completion::accepted) {
    return settle(std::move(finished),
                  [result = std::move(decoded.outcome)](HostCall& ended) mutable { ended.on_outcome(std::move(result)); });
  }
  count_refused(finished);
  if (finished.completion == Tickets::Completion::late) report_late(std::move(finished), std::move(decoded.outcome));
}

void PluginInstance::settle_reconcile(Ticket ticket, const belfry_reconcile_result* result) {
  auto decoded = decode_reconcile(result, *parts_.scrubber);
  if (!decoded.defects.empty()) log_.violation("bad_outcome", decoded.defects);
  auto finished = tickets_.finish(ticket, HostCall::Kind::reconcile);
  if (finished.completion != Tickets::Completion::accepted) return count_refused(finished);
  settle(std::move(finished), [found = std::move(decoded.result)](HostCall& ended) mutable { ended.on_reconciled(std::move(found)); });
}

void PluginInstance::report_late(Tickets::Finished finished, model::Outcome outcome) {
  // A newer attempt that has not begun would send the message again.
  if (outcome.code == model::OutcomeCode::delivered) withdraw_unstarted(finished.host_call.delivery_id);
  host_strand_.post([self = shared_from_this(), id = std::move(finished.host_call.delivery_id), attempt = finished.host_call.attempt,
                     late = std::move(outcome)] {
    LateHandler handler;
    {
      const std::lock_guard lock(self->handlers_mutex_);
      handler = self->late_;
    }
    if (handler) handler(id, attempt, late);
  });
}

void PluginInstance::count_refused(const Tickets::Finished& finished) {
  if (phase_ == Phase::stopped) return;
  if (finished.completion == Tickets::Completion::late && stop_.cut_short()) return;
  if (finished.completion == Tickets::Completion::late)
    return log_.violation("completed_late", "a ticket was completed after its deadline");
  if (finished.completion == Tickets::Completion::duplicate)
    return log_.violation("completed_twice", "a ticket was completed that had already ended");
  log_.violation("bad_ticket", "a ticket was completed that was never issued, or not for this function");
}

void PluginInstance::settle(Tickets::Finished finished, std::move_only_function<void(HostCall&)> end) {
  run_all(finished.cancels);
  host_strand_.post([self = shared_from_this(), ticket = finished.ticket, host_call = std::move(finished.host_call),
                     pass_result = std::move(end)]() mutable {
    self->timers_.erase(ticket);
    pass_result(host_call);
  });
}

void PluginInstance::end_by_host_later(Tickets::Finished finished, HostEnd why) {
  settle(std::move(finished), [why](HostCall& ended) { end_by_host(ended, why); });
}

void PluginInstance::end_call(Ticket ticket, HostEnd why) {
  if (auto finished = tickets_.end(ticket)) end_by_host_later(std::move(*finished), why);
}

void PluginInstance::abandon(Ticket ticket, HostEnd why) {
  auto finished = tickets_.abandon(ticket);
  if (!finished) return;
  if (finished->host_call.dispatched) caller_.post([self = shared_from_this(), ticket] { self->notify_abandoned(ticket); });
  if (why == HostEnd::deadline && finished->host_call.begun())
    host_strand_.post([self = shared_from_this(), ticket] { self->work_overdue(ticket); });
  end_by_host_later(std::move(*finished), why);
}

void PluginInstance::notify_abandoned(Ticket ticket) {
  if (!is_live() || !tickets_.is_abandoned(ticket)) return;
  caller_.call("abandon", parts_.limits.hung, [&] { api_.abandon(plugin_self_, ticket); });
}

void PluginInstance::withdraw_unstarted(const std::string& delivery_id) {
  for (const Ticket ticket : tickets_.unstarted(delivery_id)) abandon(ticket, HostEnd::deadline);
}

void PluginInstance::on_late(LateHandler handler) {
  const std::lock_guard lock(handlers_mutex_);
  late_ = std::move(handler);
}

void PluginInstance::end_pauses() {
  for (const auto scope : {BELFRY_SCOPE_SINK, BELFRY_SCOPE_ACCOUNT}) parts_.budgets->end_pauses(*secrets_.bucket_owner(scope));
}

// ---- Requests, from the plugin to the host ----------------------------------------------------------------------------------

bool PluginInstance::admits(std::string_view service) {
  const auto phase = phase_.load();
  if (phase == Phase::before_start) log_.violation("too_early", std::string(service) + " was used before start() or check()");
  return phase == Phase::live;
}

Tickets::Request PluginInstance::open_request(Ticket owner, std::uint64_t user_data, bool keeps_event) {
  if (owner != 0 && !tickets_.issued(owner)) log_.violation("bad_ticket", "a request was made for a ticket that was never issued");
  const auto request = tickets_.open_request(owner, {user_data, CrashMarks::subject_of_this_thread(), keeps_event});
  if (request.ticket == 0 && is_live()) log_.violation("too_many_requests", "20,000 requests are already open");
  return request;
}

void PluginInstance::set_cancel(Ticket ticket, Cancel cancel) {
  if (auto now = tickets_.on_cancel(ticket, std::move(cancel))) now();
}

void PluginInstance::cancel_request(Ticket ticket) {
  if (auto cancel = tickets_.cancel_request(ticket)) cancel();
}

void PluginInstance::cancel(Ticket ticket) {
  if (tickets_.issued(ticket)) return cancel_request(ticket);
  if (phase_ != Phase::stopped) log_.violation("bad_ticket", "a ticket was cancelled that was never issued");
}

void PluginInstance::complete_request(Ticket ticket, std::uint32_t kind, std::shared_ptr<const void> payload) {
  caller_.post([self = shared_from_this(), ticket, kind, held = std::move(payload)] { self->raise(ticket, kind, held.get()); });
}

void PluginInstance::raise(Ticket ticket, std::uint32_t kind, const void* payload) {
  const auto taken = tickets_.take_request(ticket);
  if (!taken) return;
  if (!call_event({sizeof(belfry_event), kind, ticket, taken->user_data, payload}, taken->subject)) end_call(taken->owner, HostEnd::threw);
}

void PluginInstance::post_event(Ticket ticket, std::uint32_t kind, std::shared_ptr<const void> payload, net::Task on_delivered) {
  caller_.post([self = shared_from_this(), ticket, kind, held = std::move(payload), done = std::move(on_delivered)]() mutable {
    if (const auto user_data = self->tickets_.user_data_of(ticket))
      self->call_event({sizeof(belfry_event), kind, ticket, *user_data, held.get()}, {});
    done();
  });
}

bool PluginInstance::call_event(const belfry_event& event, const CallSubject& subject) {
  return caller_.call("event", parts_.limits.hung, [&] { api_.event(plugin_self_, &event); }, subject);
}

void PluginInstance::start_timer(Ticket ticket, base::Millis after) {
  const auto self = shared_from_this();
  host_strand_.post([self, ticket, after] { self->arm_timer(ticket, after, &PluginInstance::timer_fired); });
  set_cancel(ticket, [self, ticket] { self->host_strand_.post([self, ticket] { self->timers_.erase(ticket); }); });
}

void PluginInstance::timer_fired(Ticket ticket) { complete_request(ticket, BELFRY_EVENT_TIMER, nullptr); }

void PluginInstance::arm_timer(Ticket ticket, base::Millis after, void (PluginInstance::*handler)(Ticket)) {
  if (phase_ == Phase::stopped) return;
  timers_.try_emplace(ticket, host_strand_).first->second.arm(after, [weak = weak_from_this(), ticket, handler] {
    const auto self = weak.lock();
    if (!self) return;
    self->timers_.erase(ticket);
    (self.get()->*handler)(ticket);
  });
}

// ---- Health, and the end ----------------------------------------------------------------------------------------------------

void PluginInstance::on_call_hung(std::string_view name) {
  log_.violation("hung", std::string(name) + " has not returned in time");
  call_hung_ = true;
  update_health();
}

void PluginInstance::on_call_returned() {
  call_hung_ = false;
  update_health();
}

void PluginInstance::on_health(std::function<void(Health)> handler) {
  const std::lock_guard lock(handlers_mutex_);
  health_changed_ = std::move(handler);
}

void PluginInstance::set_health(Health health) {
  if (health_ == Health::stopped || health_.exchange(health) == health) return;
  if (health == Health::hung) withdraw_unstarted();
  std::function<void(Health)> handler;
  {
    const std::lock_guard lock(handlers_mutex_);
    handler = health_changed_;
  }
  if (handler) handler(health);
}

bool PluginInstance::go_live() {
  auto expected = Phase::before_start;
  phase_.compare_exchange_strong(expected, Phase::live);
  return is_live();
}

void PluginInstance::close() {
  phase_ = Phase::stopped;
  for (auto& left : tickets_.close()) {
    if (left.completion == Tickets::Completion::accepted) {
      end_by_host_later(std::move(left), HostEnd::stopped);
    } else {
      run_all(left.cancels);
    }
  }
  host_strand_.post([self = shared_from_this()] {
    self->timers_.clear();
    self->set_health(Health::stopped);
  });
}

void PluginInstance::destroy() {
  if (created_) caller_.call("destroy", parts_.limits.control, [&] { api_.destroy(plugin_self_); });
  created_ = false;
}

}  // namespace belfry::plugin
