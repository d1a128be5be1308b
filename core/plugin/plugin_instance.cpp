#include "plugin/plugin_instance.hpp"

#include "base/gateway_clock.hpp"
#include "plugin/abi.hpp"
#include "plugin/message_view.hpp"
#include "plugin/outcome.hpp"
#include "plugin/text.hpp"

namespace belfry::plugin {
namespace {

model::Outcome retry(std::string reason, std::string detail, bool maybe_delivered) {
  model::Outcome outcome;
  outcome.reason = std::move(reason);
  outcome.detail = std::move(detail);
  outcome.maybe_delivered = maybe_delivered;
  return outcome;
}

SendOutcome never_began(std::string reason, std::string detail) {
  SendOutcome outcome = retry(std::move(reason), std::move(detail), false);
  outcome.never_began = true;
  return outcome;
}

// Of what was open when the instance had to stop.
SendOutcome stopped_outcome(bool begun) {
  return begun ? SendOutcome(retry("stopped", "the sink was stopped before the plugin gave an outcome", true))
               : never_began("stopped", "the sink was stopped before the plugin began with the message");
}

net::ServerResponse plain(int status) { return {status, {}, {}, false}; }

void run_all(std::vector<Cancel>& cancels) {
  for (auto& cancel : cancels) cancel();
}

}  // namespace

// ---- Duties: what the plugin is asked to do ---------------------------------------------------------------------------------

void PluginInstance::deliver(Send send, OutcomeHandler handler) { ask(Duty::Kind::deliver, std::move(send), std::move(handler)); }

void PluginInstance::reconcile(Send send, OutcomeHandler handler) { ask(Duty::Kind::reconcile, std::move(send), std::move(handler)); }

void PluginInstance::ask(Duty::Kind kind, Send send, OutcomeHandler handler) {
  Duty duty{.kind = kind,
            .delivery_id = send.message->delivery.id,
            .attempt = send.attempt,
            .timeout = send.timeout,
            .settle = std::move(handler)};
  const bool hangs = health_ == Health::hung;
  const Ticket ticket = hangs ? 0 : tickets_.open_duty(duty);
  if (ticket == 0) {
    desk_.post([settle = std::move(duty.settle), hangs]() mutable {
      settle(hangs ? never_began("hung", "a call into the plugin has not returned") : never_began("stopped", "the sink has been stopped"));
    });
    return;
  }
  const auto begin_by = parts_.clock.steady() + parts_.limits.begin;
  strand_.post([self = shared_from_this(), ticket, kind, begin_by, sent = std::move(send)] { self->give(ticket, kind, begin_by, sent); });
}

void PluginInstance::give(Ticket ticket, Duty::Kind kind, base::SteadyTime begin_by, const Send& send) {
  if (parts_.clock.steady() > begin_by) return deadline_passed(ticket);
  const auto begun = tickets_.begin(ticket, parts_.clock.now());
  if (!begun) return;
  work_begins(ticket, begun->timeout);
  const MessageView message(send, ticket, begun->deadline, base::wall_ahead(parts_.clock));
  CallSubject subject;
  subject.set(send.message->delivery.id, send.attempt);
  const auto deliver = [&] { plugin_.deliver(self_of_plugin_, message.table()); };
  const auto reconcile = [&] { reconcile_.reconcile(self_of_plugin_, message.table()); };
  const bool returned = kind == Duty::Kind::deliver ? call("deliver", parts_.limits.hung, deliver, subject)
                                                    : call("reconcile", parts_.limits.hung, reconcile, subject);
  if (!returned) settle_threw(ticket);
}

// Before the plugin is called: the desk sees the deadline before the end of what it is for.
void PluginInstance::work_begins(Ticket ticket, base::Millis timeout) {
  const auto left = std::max(timeout, base::Millis(0));
  desk_.post([self = shared_from_this(), ticket, left] { self->arm_timer(ticket, left, &PluginInstance::deadline_passed); });
}

void PluginInstance::handle_inbound(net::ServerRequest request, net::Reply reply) {
  if (health_ != Health::running) return reply(plain(503));
  Duty duty{.kind = Duty::Kind::inbound, .deadline = parts_.clock.now() + parts_.limits.inbound, .reply = std::move(reply)};
  const Ticket ticket = tickets_.open_duty(duty);
  if (ticket == 0) return duty.reply(plain(503));
  const auto self = shared_from_this();
  desk_.post([self, ticket] { self->arm_timer(ticket, self->parts_.limits.inbound, &PluginInstance::deadline_passed); });
  strand_.post([self, ticket, got = std::move(request)] { self->give_inbound(ticket, got); });
}

void PluginInstance::give_inbound(Ticket ticket, const net::ServerRequest& request) {
  if (!tickets_.give(ticket)) return;
  const InboundView inbound(request);
  std::uint32_t status = 0;
  bool returned = call("verify", parts_.limits.hung, [&] { status = inbound_.verify(self_of_plugin_, inbound.table()); });
  if (returned && status != 0) {
    auto finished = tickets_.finish(ticket, true);
    const bool refusal = status >= 400 && status <= 599;
    if (finished.verdict == Tickets::Verdict::first)
      hand_on(ticket, std::move(finished), {}, plain(refusal ? static_cast<int>(status) : 401));
    return;
  }
  if (returned) returned = call("handle", parts_.limits.hung, [&] { inbound_.handle(self_of_plugin_, ticket, inbound.table()); });
  if (!returned) settle_threw(ticket);
}

void PluginInstance::complete(Ticket ticket, const belfry_outcome* outcome) {
  auto decoded = decode_outcome(outcome, *parts_.scrubber);
  if (!decoded.objection.empty()) violation("bad_outcome", decoded.objection);
  settle(ticket, std::move(decoded.outcome));
}

void PluginInstance::settle(Ticket ticket, model::Outcome outcome) {
  auto finished = tickets_.finish(ticket, false);
  if (finished.verdict == Tickets::Verdict::first) return hand_on(ticket, std::move(finished), std::move(outcome), {});
  count_refused(finished);
  if (finished.verdict != Tickets::Verdict::late || finished.duty.kind != Duty::Kind::deliver) return;
  // A newer attempt that has not begun would make it again.
  if (outcome.code == model::OutcomeCode::delivered) withdraw_not_begun(finished.duty.delivery_id);
  desk_.post(
      [self = shared_from_this(), id = std::move(finished.duty.delivery_id), attempt = finished.duty.attempt, late = std::move(outcome)] {
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
  if (finished.verdict != Tickets::Verdict::first) return count_refused(finished);
  const belfry_inbound_reply said = reply == nullptr ? belfry_inbound_reply{} : copy_of(reply);
  if (said.status < 200 || said.status > 599) {
    violation("bad_argument", "a reply has the status " + std::to_string(said.status) + ", wanted 200 to 599");
    return hand_on(ticket, std::move(finished), {}, plain(500));
  }
  net::ServerResponse response = plain(static_cast<int>(said.status));
  if (said.content_type.len != 0) response.headers.add("Content-Type", clean_text(view(said.content_type), 200));
  response.body = view(said.body);
  hand_on(ticket, std::move(finished), {}, std::move(response));
}

// Whatever it had done by then is not known.
void PluginInstance::settle_threw(Ticket ticket) {
  if (!tickets_.deadline_of(ticket)) return;
  auto finished = tickets_.finish(ticket, false);
  if (finished.verdict != Tickets::Verdict::first) finished = tickets_.finish(ticket, true);
  if (finished.verdict != Tickets::Verdict::first) return;
  hand_on(ticket, std::move(finished), retry("plugin_threw", "the plugin threw an exception", true), plain(500));
}

void PluginInstance::count_refused(const Tickets::Finished& finished) {
  if (finished.verdict == Tickets::Verdict::late && cut_short_) return;
  if (finished.verdict == Tickets::Verdict::late) return violation("completed_late", "a ticket was completed after its deadline");
  if (finished.verdict == Tickets::Verdict::again) return violation("completed_twice", "a ticket was completed that had ended");
  violation("bad_ticket", "a ticket was completed that was never given");
}

void PluginInstance::hand_on(Ticket ticket, Tickets::Finished finished, SendOutcome outcome, net::ServerResponse response) {
  run_all(finished.cancels);
  desk_.post([self = shared_from_this(), ticket, duty = std::move(finished.duty), said = std::move(outcome),
              answer = std::move(response)]() mutable {
    self->timers_.erase(ticket);
    if (duty.kind == Duty::Kind::inbound) {
      duty.reply(std::move(answer));
    } else {
      duty.settle(std::move(said));
    }
  });
}

void PluginInstance::deadline_passed(Ticket ticket) {
  auto finished = tickets_.abandon(ticket);
  if (!finished) return;
  if (finished->duty.kind == Duty::Kind::stop) {
    run_all(finished->cancels);
    return stopped(false);
  }
  if (finished->duty.given) strand_.post([self = shared_from_this(), ticket] { self->tell_abandoned(ticket); });
  SendOutcome outcome = finished->duty.begun() ? SendOutcome(retry("timeout", "the plugin gave no outcome by the deadline", true))
                                               : never_began("busy", "the plugin was busy and has not begun with the message");
  if (finished->duty.begun()) desk_.post([self = shared_from_this(), ticket] { self->work_overdue(ticket); });
  hand_on(ticket, std::move(*finished), std::move(outcome), plain(503));
}

void PluginInstance::abandon_rest() {
  cut_short_ = true;
  for (const Ticket ticket : tickets_.open_duties()) {
    auto finished = tickets_.abandon(ticket);
    if (!finished) continue;
    if (finished->duty.given) strand_.post([self = shared_from_this(), ticket] { self->tell_abandoned(ticket); });
    auto outcome = stopped_outcome(finished->duty.begun());
    hand_on(ticket, std::move(*finished), std::move(outcome), plain(503));
  }
}

void PluginInstance::withdraw_not_begun(const std::string& delivery_id) {
  for (const Ticket ticket : tickets_.not_begun(delivery_id)) deadline_passed(ticket);
}

void PluginInstance::tell_abandoned(Ticket ticket) {
  if (!created_ || !tickets_.is_abandoned(ticket)) return;
  call("abandon", parts_.limits.hung, [&] { plugin_.abandon(self_of_plugin_, ticket); });
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

// ---- Requests: what the plugin asked for --------------------------------------------------------------------------------------

Tickets::Request PluginInstance::open_request(Ticket owner) {
  if (owner != 0 && !tickets_.issued(owner)) violation("bad_ticket", "a request was made for a ticket that was never given");
  const auto request = tickets_.open_request(owner, CrashMarks::subject_of_this_thread());
  if (request.ticket == 0 && health_ != Health::stopped) violation("too_many_requests", "20,000 requests are open already");
  return request;
}

void PluginInstance::set_cancel(Ticket ticket, Cancel cancel) {
  if (auto now = tickets_.on_cancel(ticket, std::move(cancel))) now();
}

void PluginInstance::cancel_request(Ticket ticket) {
  if (auto cancel = tickets_.cancel_request(ticket)) cancel();
}

void PluginInstance::answer(Ticket ticket, std::uint32_t kind, std::shared_ptr<const void> payload) {
  strand_.post([self = shared_from_this(), ticket, kind, held = std::move(payload)] { self->raise(ticket, kind, held.get()); });
}

void PluginInstance::raise(Ticket ticket, std::uint32_t kind, const void* payload) {
  Ticket owner = 0;
  CallSubject subject;
  if (!tickets_.take_request(ticket, owner, &subject)) return;
  const auto event = [&] { plugin_.event(self_of_plugin_, ticket, kind, payload); };
  if (!call("event", parts_.limits.hung, event, subject)) settle_threw(owner);
}

void PluginInstance::tell(Ticket ticket, std::uint32_t kind, std::shared_ptr<const void> payload, net::Task told) {
  strand_.post([self = shared_from_this(), ticket, kind, held = std::move(payload), done = std::move(told)]() mutable {
    if (self->tickets_.is_open_request(ticket)) {
      self->call("event", self->parts_.limits.hung, [&] { self->plugin_.event(self->self_of_plugin_, ticket, kind, held.get()); });
    }
    done();
  });
}

void PluginInstance::start_timer(Ticket ticket, base::Millis after) {
  const auto self = shared_from_this();
  desk_.post([self, ticket, after] { self->arm_timer(ticket, after, &PluginInstance::timer_fired); });
  set_cancel(ticket, [self, ticket] { self->desk_.post([self, ticket] { self->timers_.erase(ticket); }); });
}

void PluginInstance::timer_fired(Ticket ticket) { answer(ticket, BELFRY_EVENT_TIMER, nullptr); }

void PluginInstance::arm_timer(Ticket ticket, base::Millis after, void (PluginInstance::*handler)(Ticket)) {
  timers_.try_emplace(ticket, desk_).first->second.arm(after, [weak = weak_from_this(), ticket, handler] {
    const auto self = weak.lock();
    if (!self) return;
    self->timers_.erase(ticket);
    (self.get()->*handler)(ticket);
  });
}

// ---- Calls, and watching them -----------------------------------------------------------------------------------------------

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
    desk_.post([self = shared_from_this()] {
      self->call_hangs_ = false;
      self->update_health();
    });
  } else if (limit == parts_.limits.hung) {
    judge_pace(name, ended.took);
  }
  if (!thrown.empty()) violation("threw", thrown);
  return thrown.empty();
}

void PluginInstance::judge_pace(std::string_view name, base::Millis took) {
  constexpr base::Millis kBetweenLines = std::chrono::minutes(1);
  constexpr base::Millis kForgiven = std::chrono::minutes(10);
  const bool slow = took > parts_.limits.slow;
  if (!slow && !strand_.confined()) return;
  const auto now = parts_.clock.steady();
  if (!slow) {
    if (now - last_slow_ > kForgiven) strand_.set_free();
    return;
  }
  strand_.confine();
  last_slow_ = now;
  ++slow_calls_;
  parts_.metrics.violation(sink_.name, "slow_call");
  if (now < slow_line_at_) return;
  log_.warn("the plugin blocks in its calls; it is kept apart from the others", {{"sink", sink_.name},
                                                                                 {"plugin", sink_.type.type},
                                                                                 {"call", name},
                                                                                 {"took", took},
                                                                                 {"wanted_below", parts_.limits.slow},
                                                                                 {"slow_calls", std::exchange(slow_calls_, 0)}});
  slow_line_at_ = now + kBetweenLines;
}

void PluginInstance::call_hangs(std::string_view name) {
  violation("hung", std::string(name) + " has not returned in time");
  call_hangs_ = true;
  update_health();
}

void PluginInstance::on_health(std::function<void(Health)> handler) {
  const std::lock_guard lock(handlers_mutex_);
  health_changed_ = std::move(handler);
}

void PluginInstance::set_health(Health health) {
  if (health_ == Health::stopped || health_.exchange(health) == health) return;
  if (health == Health::hung) withdraw_not_begun();
  std::function<void(Health)> handler;
  {
    const std::lock_guard lock(handlers_mutex_);
    handler = health_changed_;
  }
  if (handler) handler(health);
}

void PluginInstance::violation(std::string_view kind, std::string_view what) {
  parts_.metrics.violation(sink_.name, kind);
  if (!violation_gate_.admit(parts_.clock.steady()).pass) return;
  log_.warn("plugin violation",
            {{"sink", sink_.name}, {"kind", kind}, {"what", clean_text(parts_.scrubber->scrub(std::string(what)), 500)}});
}

// ---- The end ----------------------------------------------------------------------------------------------------------------

void PluginInstance::stop(base::Millis most, std::move_only_function<void()> done) {
  tickets_.close_duties();
  desk_.post([self = shared_from_this(), most, handler = std::move(done)]() mutable {
    if (self->gone_) return handler();
    self->stop_handlers_.push_back(std::move(handler));
    if (std::exchange(self->stopping_, true)) return;
    Duty duty;
    duty.kind = Duty::Kind::stop;
    duty.deadline = self->parts_.clock.now() + most;
    duty.settle = [self](const model::Outcome&) { self->stopped(true); };
    const Ticket ticket = self->tickets_.open_duty(duty);
    self->stop_timer_.emplace(self->desk_);
    self->stop_timer_->arm(most, [weak = std::weak_ptr(self), ticket] {
      const auto late = weak.lock();
      if (!late) return;
      late->deadline_passed(ticket);
      late->finish_stop();
    });
    // The other half is for the plugin to end by itself.
    self->rest_timer_.emplace(self->desk_);
    self->rest_timer_->arm(most / 2, [weak = std::weak_ptr(self)] {
      if (const auto late = weak.lock()) late->abandon_rest();
    });
    self->strand_.post([self, ticket] { self->give_stop(ticket); });
  });
}

void PluginInstance::give_stop(Ticket ticket) {
  if (!tickets_.give(ticket)) return;
  // A stop that threw may have stopped half of it: as unclean as one that never ends.
  if (!call("stop", parts_.limits.control, [&] { plugin_.stop(self_of_plugin_, ticket); })) {
    desk_.post([self = shared_from_this(), ticket] { self->deadline_passed(ticket); });
  }
}

void PluginInstance::stopped(bool clean) {
  if (std::exchange(has_stopped_, true)) return;
  for (auto& left : tickets_.close()) {
    run_all(left.cancels);
    if (left.duty.reply) left.duty.reply(plain(503));
    if (!left.duty.settle) continue;
    left.duty.settle(stopped_outcome(left.duty.begun()));
  }
  timers_.clear();
  set_health(Health::stopped);
  if (clean) {
    strand_.post([self = shared_from_this()] {
      self->dying_ = true;
      self->destroy_when_idle();
    });
  } else {
    // Its threads and timers may still use what destroy would free.
    violation("stop_timeout", "stop did not complete; the instance is left behind");
    finish_stop();
  }
}

void PluginInstance::finish_stop() {
  gone_ = true;
  stop_timer_.reset();
  rest_timer_.reset();
  for (auto& handler : std::exchange(stop_handlers_, {})) handler();
}

void PluginInstance::destroy_when_idle() {
  if (!dying_ || offloads_ != 0) return;
  dying_ = false;
  if (created_) call("destroy", parts_.limits.control, [&] { plugin_.destroy(self_of_plugin_); });
  created_ = false;
  // The timers go on their own strand.
  desk_.post([self = shared_from_this()] { self->finish_stop(); });
  alive_.reset();
}

}  // namespace belfry::plugin
