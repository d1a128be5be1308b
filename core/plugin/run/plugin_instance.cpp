#include "plugin/run/plugin_instance.hpp"

#include "base/gateway_clock.hpp"
#include "plugin/contract/abi.hpp"
#include "plugin/contract/message_view.hpp"
#include "plugin/contract/outcome.hpp"
#include "plugin/contract/text.hpp"

namespace belfry::plugin {
namespace {

model::Outcome retry(std::string reason, std::string detail, bool maybe_delivered) {
  model::Outcome outcome;
  outcome.reason = std::move(reason);
  outcome.detail = std::move(detail);
  outcome.maybe_delivered = maybe_delivered;
  return outcome;
}

SendOutcome not_started(std::string reason, std::string detail) {
  SendOutcome outcome = retry(std::move(reason), std::move(detail), false);
  outcome.not_started = true;
  return outcome;
}

// The outcome of a host call that was open when the instance was stopped.
SendOutcome stopped_outcome(bool begun) {
  return begun ? SendOutcome(retry("stopped", "the sink was stopped before the plugin reported an outcome", true))
               : not_started("stopped", "the sink was stopped before the plugin began processing the message");
}

net::ServerResponse plain(int status) { return {status, {}, {}, false}; }

void run_all(std::vector<Cancel>& cancels) {
  for (auto& cancel : cancels) cancel();
}

}  // namespace

// ---- Host calls, from the host to the plugin --------------------------------------------------------------------------------

void PluginInstance::deliver(SendRequest send, OutcomeHandler handler) {
  submit(HostCall::Kind::deliver, std::move(send), std::move(handler));
}

void PluginInstance::reconcile(SendRequest send, OutcomeHandler handler) {
  submit(HostCall::Kind::reconcile, std::move(send), std::move(handler));
}

void PluginInstance::submit(HostCall::Kind kind, SendRequest send, OutcomeHandler handler) {
  HostCall host_call{.kind = kind,
                     .delivery_id = send.message->delivery.id,
                     .attempt = send.attempt,
                     .timeout = send.timeout,
                     .settle = std::move(handler)};
  const bool hangs = health_ == Health::hung;
  const Ticket ticket = hangs ? 0 : tickets_.open_host_call(host_call);
  if (ticket == 0) {
    host_strand_.post([settle = std::move(host_call.settle), hangs]() mutable {
      settle(hangs ? not_started("hung", "a call into the plugin has not returned") : not_started("stopped", "the sink has been stopped"));
    });
    return;
  }
  const auto begin_by = parts_.clock.steady() + parts_.limits.begin;
  strand_.post(
      [self = shared_from_this(), ticket, kind, begin_by, sent = std::move(send)] { self->dispatch(ticket, kind, begin_by, sent); });
}

void PluginInstance::dispatch(Ticket ticket, HostCall::Kind kind, base::SteadyTime begin_by, const SendRequest& send) {
  if (parts_.clock.steady() > begin_by) return deadline_passed(ticket);
  const auto begun = tickets_.begin(ticket, parts_.clock.now());
  if (!begun) return;
  start_deadline(ticket, begun->timeout);
  const MessageView message(send, ticket, begun->deadline, base::wall_offset(parts_.clock));
  CallSubject subject;
  subject.set(send.message->delivery.id, send.attempt);
  const auto deliver = [&] { plugin_.deliver(plugin_self_, message.table()); };
  const auto reconcile = [&] { extensions_.reconcile.reconcile(plugin_self_, message.table()); };
  const bool returned = kind == HostCall::Kind::deliver ? call("deliver", parts_.limits.hung, deliver, subject)
                                                        : call("reconcile", parts_.limits.hung, reconcile, subject);
  if (!returned) settle_threw(ticket);
}

// Posted before the plugin is called, so that host_strand_ arms the deadline before it can settle the host call.
void PluginInstance::start_deadline(Ticket ticket, base::Millis timeout) {
  const auto left = std::max(timeout, base::Millis(0));
  host_strand_.post([self = shared_from_this(), ticket, left] { self->arm_timer(ticket, left, &PluginInstance::deadline_passed); });
}

void PluginInstance::handle_inbound(net::ServerRequest request, net::Reply reply) {
  if (health_ != Health::running) return reply(plain(503));
  HostCall host_call{.kind = HostCall::Kind::inbound, .deadline = parts_.clock.now() + parts_.limits.inbound, .reply = std::move(reply)};
  const Ticket ticket = tickets_.open_host_call(host_call);
  if (ticket == 0) return host_call.reply(plain(503));
  const auto self = shared_from_this();
  host_strand_.post([self, ticket] { self->arm_timer(ticket, self->parts_.limits.inbound, &PluginInstance::deadline_passed); });
  strand_.post([self, ticket, got = std::move(request)] { self->dispatch_inbound(ticket, got); });
}

void PluginInstance::dispatch_inbound(Ticket ticket, const net::ServerRequest& request) {
  if (!tickets_.mark_dispatched(ticket)) return;
  const InboundView inbound(request);
  std::uint32_t status = 0;
  bool returned = call("verify", parts_.limits.hung, [&] { status = extensions_.inbound.verify(plugin_self_, inbound.table()); });
  if (returned && status != 0) {
    auto finished = tickets_.finish(ticket, true);
    const bool refusal = status >= 400 && status <= 599;
    if (finished.completion == Tickets::Completion::accepted)
      settle(ticket, std::move(finished), {}, plain(refusal ? static_cast<int>(status) : 401));
    return;
  }
  if (returned) returned = call("handle", parts_.limits.hung, [&] { extensions_.inbound.handle(plugin_self_, ticket, inbound.table()); });
  if (!returned) settle_threw(ticket);
}

void PluginInstance::complete(Ticket ticket, const belfry_outcome* outcome) {
  auto decoded = decode_outcome(outcome, *parts_.scrubber);
  if (!decoded.defects.empty()) violation("bad_outcome", decoded.defects);
  finish(ticket, std::move(decoded.outcome));
}

void PluginInstance::finish(Ticket ticket, model::Outcome outcome) {
  auto finished = tickets_.finish(ticket, false);
  if (finished.completion == Tickets::Completion::accepted) return settle(ticket, std::move(finished), std::move(outcome), {});
  count_refused(finished);
  if (finished.completion != Tickets::Completion::late || finished.host_call.kind != HostCall::Kind::deliver) return;
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

void PluginInstance::reply(Ticket ticket, const belfry_inbound_reply* reply) {
  auto finished = tickets_.finish(ticket, true);
  if (finished.completion != Tickets::Completion::accepted) return count_refused(finished);
  const belfry_inbound_reply table = reply == nullptr ? belfry_inbound_reply{} : copy_of(reply);
  if (table.status < 200 || table.status > 599) {
    violation("bad_argument", "a reply has the status " + std::to_string(table.status) + ", wanted 200 to 599");
    return settle(ticket, std::move(finished), {}, plain(500));
  }
  net::ServerResponse response = plain(static_cast<int>(table.status));
  if (table.content_type.len != 0) response.headers.add("Content-Type", clean_text(view(table.content_type), 200));
  response.body = view(table.body);
  settle(ticket, std::move(finished), {}, std::move(response));
}

// The plugin may have sent the message before it threw, so the outcome is maybe_delivered.
void PluginInstance::settle_threw(Ticket ticket) {
  if (!tickets_.deadline_of(ticket)) return;
  auto finished = tickets_.finish(ticket, false);
  if (finished.completion != Tickets::Completion::accepted) finished = tickets_.finish(ticket, true);
  if (finished.completion != Tickets::Completion::accepted) return;
  settle(ticket, std::move(finished), retry("plugin_threw", "the plugin threw an exception", true), plain(500));
}

void PluginInstance::count_refused(const Tickets::Finished& finished) {
  if (finished.completion == Tickets::Completion::late && cut_short_) return;
  if (finished.completion == Tickets::Completion::late) return violation("completed_late", "a ticket was completed after its deadline");
  if (finished.completion == Tickets::Completion::duplicate)
    return violation("completed_twice", "a ticket was completed that had already ended");
  violation("bad_ticket", "a ticket was completed that was never issued");
}

void PluginInstance::settle(Ticket ticket, Tickets::Finished finished, SendOutcome outcome, net::ServerResponse response) {
  run_all(finished.cancels);
  host_strand_.post([self = shared_from_this(), ticket, host_call = std::move(finished.host_call), result = std::move(outcome),
                     answer = std::move(response)]() mutable {
    self->timers_.erase(ticket);
    if (host_call.kind == HostCall::Kind::inbound) {
      host_call.reply(std::move(answer));
    } else {
      host_call.settle(std::move(result));
    }
  });
}

void PluginInstance::deadline_passed(Ticket ticket) {
  auto finished = tickets_.abandon(ticket);
  if (!finished) return;
  if (finished->host_call.kind == HostCall::Kind::stop) {
    run_all(finished->cancels);
    return stopped(false);
  }
  if (finished->host_call.dispatched) strand_.post([self = shared_from_this(), ticket] { self->notify_abandoned(ticket); });
  SendOutcome outcome = finished->host_call.begun()
                            ? SendOutcome(retry("timeout", "the plugin reported no outcome by the deadline", true))
                            : not_started("busy", "the plugin was busy and did not begin processing the message in time");
  if (finished->host_call.begun()) host_strand_.post([self = shared_from_this(), ticket] { self->work_overdue(ticket); });
  settle(ticket, std::move(*finished), std::move(outcome), plain(503));
}

void PluginInstance::abandon_open() {
  cut_short_ = true;
  for (const Ticket ticket : tickets_.open_host_calls()) {
    auto finished = tickets_.abandon(ticket);
    if (!finished) continue;
    if (finished->host_call.dispatched) strand_.post([self = shared_from_this(), ticket] { self->notify_abandoned(ticket); });
    auto outcome = stopped_outcome(finished->host_call.begun());
    settle(ticket, std::move(*finished), std::move(outcome), plain(503));
  }
}

void PluginInstance::withdraw_unstarted(const std::string& delivery_id) {
  for (const Ticket ticket : tickets_.unstarted(delivery_id)) deadline_passed(ticket);
}

void PluginInstance::notify_abandoned(Ticket ticket) {
  if (!created_ || !tickets_.is_abandoned(ticket)) return;
  call("abandon", parts_.limits.hung, [&] { plugin_.abandon(plugin_self_, ticket); });
}

void PluginInstance::on_late(LateHandler handler) {
  const std::lock_guard lock(handlers_mutex_);
  late_ = std::move(handler);
}

void PluginInstance::end_pauses() {
  for (const auto& secret : {sink_.account, sink_.credential, std::string()}) {
    parts_.budgets->end_pauses(sink_.secrets->owner(secret, sink_.name));
  }
}

// ---- Requests, from the plugin to the host ----------------------------------------------------------------------------------

Tickets::Request PluginInstance::open_request(Ticket owner) {
  if (owner != 0 && !tickets_.issued(owner)) violation("bad_ticket", "a request was made for a ticket that was never issued");
  const auto request = tickets_.open_request(owner, CrashMarks::subject_of_this_thread());
  if (request.ticket == 0 && health_ != Health::stopped) violation("too_many_requests", "20,000 requests are already open");
  return request;
}

void PluginInstance::set_cancel(Ticket ticket, Cancel cancel) {
  if (auto now = tickets_.on_cancel(ticket, std::move(cancel))) now();
}

void PluginInstance::cancel_request(Ticket ticket) {
  if (auto cancel = tickets_.cancel_request(ticket)) cancel();
}

void PluginInstance::complete_request(Ticket ticket, std::uint32_t kind, std::shared_ptr<const void> payload) {
  strand_.post([self = shared_from_this(), ticket, kind, held = std::move(payload)] { self->raise(ticket, kind, held.get()); });
}

void PluginInstance::raise(Ticket ticket, std::uint32_t kind, const void* payload) {
  Ticket owner = 0;
  CallSubject subject;
  if (!tickets_.take_request(ticket, owner, &subject)) return;
  const auto event = [&] { plugin_.event(plugin_self_, ticket, kind, payload); };
  if (!call("event", parts_.limits.hung, event, subject)) settle_threw(owner);
}

void PluginInstance::post_event(Ticket ticket, std::uint32_t kind, std::shared_ptr<const void> payload, net::Task on_delivered) {
  strand_.post([self = shared_from_this(), ticket, kind, held = std::move(payload), done = std::move(on_delivered)]() mutable {
    if (self->tickets_.is_open_request(ticket)) {
      self->call("event", self->parts_.limits.hung, [&] { self->plugin_.event(self->plugin_self_, ticket, kind, held.get()); });
    }
    done();
  });
}

void PluginInstance::start_timer(Ticket ticket, base::Millis after) {
  const auto self = shared_from_this();
  host_strand_.post([self, ticket, after] { self->arm_timer(ticket, after, &PluginInstance::timer_fired); });
  set_cancel(ticket, [self, ticket] { self->host_strand_.post([self, ticket] { self->timers_.erase(ticket); }); });
}

void PluginInstance::timer_fired(Ticket ticket) { complete_request(ticket, BELFRY_EVENT_TIMER, nullptr); }

void PluginInstance::arm_timer(Ticket ticket, base::Millis after, void (PluginInstance::*handler)(Ticket)) {
  timers_.try_emplace(ticket, host_strand_).first->second.arm(after, [weak = weak_from_this(), ticket, handler] {
    const auto self = weak.lock();
    if (!self) return;
    self->timers_.erase(ticket);
    (self.get()->*handler)(ticket);
  });
}

// ---- Calls, under the watch -------------------------------------------------------------------------------------------------

bool PluginInstance::call(std::string_view name, base::Millis limit, const std::function<void()>& function, const CallSubject& subject) {
  parts_.threads->begin_call(watched_, name, limit);
  std::string thrown;
  try {
    const CallMark mark(parts_.marks, marked_, name, subject);
    function();
  } catch (const std::exception& error) {
    thrown = std::string(name) + ": " + error.what();
  } catch (...) {
    thrown = std::string(name) + ": an exception";
  }
  const auto ended = parts_.threads->end_call(watched_);
  if (ended.was_overdue) {
    last_slow_ = parts_.clock.steady();
    log_.warn("the plugin's call has returned", {{"sink", sink_.name}, {"call", name}, {"took", ended.took}});
    host_strand_.post([self = shared_from_this()] {
      self->call_hung_ = false;
      self->update_health();
    });
  } else if (limit == parts_.limits.hung) {
    track_slow_calls(name, ended.took);
  }
  if (!thrown.empty()) violation("threw", thrown);
  return thrown.empty();
}

void PluginInstance::track_slow_calls(std::string_view name, base::Millis took) {
  constexpr base::Millis kBetweenLines = std::chrono::minutes(1);
  constexpr base::Millis kForgiven = std::chrono::minutes(10);
  const bool slow = took > parts_.limits.slow;
  if (!slow && !strand_.confined()) return;
  const auto now = parts_.clock.steady();
  if (!slow) {
    if (now - last_slow_ > kForgiven) strand_.unconfine();
    return;
  }
  strand_.confine();
  last_slow_ = now;
  ++slow_calls_;
  parts_.metrics.violation(sink_.name, "slow_call");
  if (now < slow_line_at_) return;
  log_.warn("the plugin blocks in its calls; it now runs on threads of its own", {{"sink", sink_.name},
                                                                                  {"plugin", sink_.type.type},
                                                                                  {"call", name},
                                                                                  {"took", took},
                                                                                  {"wanted_below", parts_.limits.slow},
                                                                                  {"slow_calls", std::exchange(slow_calls_, 0)}});
  slow_line_at_ = now + kBetweenLines;
}

void PluginInstance::on_call_hung(std::string_view name) {
  violation("hung", std::string(name) + " has not returned in time");
  call_hung_ = true;
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

void PluginInstance::violation(std::string_view kind, std::string_view what) {
  parts_.metrics.violation(sink_.name, kind);
  if (!violation_limiter_.admit(parts_.clock.steady()).pass) return;
  log_.warn("plugin violation",
            {{"sink", sink_.name}, {"kind", kind}, {"what", clean_text(parts_.scrubber->scrub(std::string(what)), 500)}});
}

// ---- Stopping ---------------------------------------------------------------------------------------------------------------

void PluginInstance::stop(base::Millis timeout, std::move_only_function<void()> done) {
  tickets_.close_host_calls();
  host_strand_.post([self = shared_from_this(), timeout, handler = std::move(done)]() mutable {
    if (self->gone_) return handler();
    self->stop_handlers_.push_back(std::move(handler));
    if (std::exchange(self->stopping_, true)) return;
    HostCall host_call;
    host_call.kind = HostCall::Kind::stop;
    host_call.deadline = self->parts_.clock.now() + timeout;
    host_call.settle = [self](const model::Outcome&) { self->stopped(true); };
    const Ticket ticket = self->tickets_.open_host_call(host_call);
    self->stop_timer_.emplace(self->host_strand_);
    self->stop_timer_->arm(timeout, [weak = std::weak_ptr(self), ticket] {
      const auto late = weak.lock();
      if (!late) return;
      late->deadline_passed(ticket);
      late->finish_stop();
    });
    // The first half of the timeout lets the plugin finish by itself.
    self->abandon_timer_.emplace(self->host_strand_);
    self->abandon_timer_->arm(timeout / 2, [weak = std::weak_ptr(self)] {
      if (const auto late = weak.lock()) late->abandon_open();
    });
    self->strand_.post([self, ticket] { self->dispatch_stop(ticket); });
  });
}

void PluginInstance::dispatch_stop(Ticket ticket) {
  if (!tickets_.mark_dispatched(ticket)) return;
  // A stop() that threw may be half done. It counts as unclean, like one that never completes.
  if (!call("stop", parts_.limits.control, [&] { plugin_.stop(plugin_self_, ticket); })) {
    host_strand_.post([self = shared_from_this(), ticket] { self->deadline_passed(ticket); });
  }
}

void PluginInstance::stopped(bool clean) {
  if (std::exchange(has_stopped_, true)) return;
  for (auto& left : tickets_.close()) {
    run_all(left.cancels);
    if (left.host_call.reply) left.host_call.reply(plain(503));
    if (!left.host_call.settle) continue;
    left.host_call.settle(stopped_outcome(left.host_call.begun()));
  }
  timers_.clear();
  set_health(Health::stopped);
  if (clean) {
    strand_.post([self = shared_from_this()] {
      self->dying_ = true;
      self->destroy_when_idle();
    });
  } else {
    // The plugin's threads and timers may still use memory that destroy() would free.
    violation("stop_timeout", "stop did not complete; the instance is left behind");
    finish_stop();
  }
}

void PluginInstance::finish_stop() {
  gone_ = true;
  stop_timer_.reset();
  abandon_timer_.reset();
  for (auto& handler : std::exchange(stop_handlers_, {})) handler();
}

void PluginInstance::destroy_when_idle() {
  if (!dying_ || offloads_ != 0) return;
  dying_ = false;
  if (created_) call("destroy", parts_.limits.control, [&] { plugin_.destroy(plugin_self_); });
  created_ = false;
  // The timers must be destroyed on their own strand.
  host_strand_.post([self = shared_from_this()] { self->finish_stop(); });
  alive_.reset();
}

}  // namespace belfry::plugin
