#include "delivery/lane.hpp"

#include <algorithm>

#include "base/gateway_clock.hpp"
#include "base/visitor.hpp"
#include "model/names.hpp"
#include "render/sensitivity.hpp"

namespace belfry::delivery {
namespace {

constexpr base::Millis kStoreRetry{1'000};   // retry interval of a failing store
constexpr base::Millis kExpiryCheck{5'000};  // how late an expiry may be noticed
constexpr base::Millis kExpiryRecheck{100};  // the same after a sweep that found some, since it leases one per recipient queue
constexpr base::Millis kHungStop{500};
constexpr base::Millis kPluginStop{15'000};
constexpr base::Millis kMinReconcileTime{30'000};  // a sink may have to wait until a sent message is certain to be visible
constexpr base::Millis kRequeueDelay{1'000};       // minimum wait of a delivery that the plugin has not started
constexpr std::size_t kExpiryBatch = 100;
constexpr base::Millis kRefusedLease{30'000};  // retry interval of a store that refuses to lease
// Limit of stored text; a single delivery may exceed it. Each byte is in memory several times while it is read, rendered and sent.
constexpr std::size_t kBytesInFlight = 2UL * 1024 * 1024;

double per_second(const policy::RateLimit& rate) {
  return rate.events == 0 ? 0 : rate.events * 1000.0 / static_cast<double>(rate.period.count());
}

// Adds the ids of a delivery to each line. A digest has those of its first notification; a line per item, at debug, has the others.
base::Logger with_ids(const base::Logger& log, const std::string& sink, const model::Message& message) {
  const auto& delivery = message.delivery;
  const auto msg_id = message.items.empty() ? std::string_view() : std::string_view(message.items.front().msg_id);
  auto out = log.with({{"sink", sink}, {"delivery", delivery.id}, {"notification", delivery.notification_id}, {"msg_id", msg_id}});
  if (delivery.kind != model::DeliveryKind::digest) return out;
  if (log.enabled(base::LogLevel::debug))
    for (const auto& item : message.items)
      log.debug("part of a digest", {{"sink", sink}, {"delivery", delivery.id}, {"notification", item.id}, {"msg_id", item.msg_id}});
  return out.with({{"items", message.items.size()}});
}

// `ended`: the recipient queues whose back-off has ended.
ReleaseResult release_of_open(const base::Result<std::size_t>& ended) {
  using enum ReleaseResult::Effect;
  if (!ended) return {blocked, LaneState::open, "its deliveries in back-off cannot be made ready: " + ended.error().message};
  if (*ended == 0) return {none, LaneState::open, "nothing was parked, paused or in back-off, so there was nothing to release"};
  return {released, LaneState::open, "its deliveries in back-off are tried now"};
}

}  // namespace

std::string_view to_string(LaneState state) {
  switch (state) {
    case LaneState::open: return "open";
    case LaneState::unreachable: return "unreachable";
    case LaneState::paused: return "paused";
    case LaneState::parked: return "parked";
    case LaneState::hung: return "hung";
    case LaneState::crashed: return "crashed";
    case LaneState::orphaned: return "orphaned";
  }
  return "unknown";
}

std::string_view to_string(ReleaseResult::Effect effect) {
  switch (effect) {
    case ReleaseResult::Effect::released: return "released";
    case ReleaseResult::Effect::none: return "none";
    case ReleaseResult::Effect::blocked: return "blocked";
  }
  return "unknown";
}

struct Lane::Attempt {
  std::shared_ptr<const SinkTraitsMap> sinks;
  AttemptMachine machine;
  base::Logger log;  // with the ids of the delivery
  base::SteadyTime sent_at{};
  bool crasher = false;  // not passed to the plugin again
};

Lane::Lane(LaneSettings settings, const LaneContext& context, std::expected<std::shared_ptr<plugin::Channel>, ParkReason> channel)
    : settings_(std::move(settings)),
      context_(context),
      log_(context.log.named("delivery")),
      strand_(context.runtime),
      wake_timer_(strand_),
      expiry_timer_(strand_),
      stop_timer_(strand_),
      retry_timer_(strand_),
      probe_interval_(settings_.min_probe_interval),
      attempted_at_(context.clock.now()) {
  if (!settings_.budget) settings_.budget = std::make_shared<policy::SendBudget>(settings_.rates);
  if (channel) {
    channel_ = std::move(*channel);
  } else {
    state_ = LaneState::parked;
    state_reason_ = std::move(channel.error());
  }
  if (settings_.crashed) {
    state_ = LaneState::crashed;
    state_reason_ = {"crashed", settings_.crashed->detail};
    until_ = settings_.crashed->next_try;
  }
  publish();
}

// Any thread may release the last reference, but timers are destroyed on their strand.
Lane::~Lane() {
  strand_.post([wake = std::move(wake_timer_), expiry = std::move(expiry_timer_), stop = std::move(stop_timer_),
                retry = std::move(retry_timer_)] {});
}

void Lane::start() {
  strand_.post([self = shared_from_this()] {
    if (self->channel_) {
      const std::weak_ptr<Lane> weak = self;
      self->channel_->on_late([weak](std::string id, std::uint32_t number, model::Outcome outcome) {
        if (const auto lane = weak.lock()) lane->on_late(std::move(id), number, std::move(outcome));
      });
      self->channel_->on_health([weak](plugin::Health health) {
        if (const auto lane = weak.lock()) lane->strand_.post([lane, health] { lane->on_health(health); });
      });
    } else {
      self->log_.error("sink is parked; its deliveries are kept",
                       {{"sink", self->settings_.sink}, {"reason", self->state_reason_.reason}, {"detail", self->state_reason_.detail}});
    }
    self->sweep_expired();
    self->pump();
  });
}

void Lane::notify() {
  strand_.post([self = shared_from_this()] { self->pump(); });
}

LaneStatus Lane::status() const {
  const std::lock_guard lock(status_mutex_);
  auto status = status_;
  status.attempted_at = std::max(attempted_at_.load(), next_attempt_at_.load());
  return status;
}

LaneState Lane::reported_state() const { return state_ == LaneState::open && outage_.open() ? LaneState::unreachable : state_; }

void Lane::publish() {
  const auto state = reported_state();
  const bool unreachable = state == LaneState::unreachable;
  const auto& failure = outage_.last();
  const std::lock_guard lock(status_mutex_);
  const auto since = status_.since && status_.state == state ? status_.since : unreachable ? outage_.since() : context_.clock.now();
  status_ = {.sink = settings_.sink,
             .plugin = settings_.plugin,
             .state = state,
             .reason = unreachable ? failure->reason : state_reason_.reason,
             .detail = unreachable ? failure->detail : state_reason_.detail,
             .until = until_,
             .can_release = can_release(),
             .in_flight = in_flight_,
             .rate_per_second = per_second(settings_.rates.total),
             .since = since,
             .last_failure = failure,
             .failures = outage_.attempts()};
}

// ---- taking work ------------------------------------------------------------------------------------------------------------

bool Lane::may_lease(base::Timestamp now) const {
  if (stopping_ || !channel_ || store_failing_) return false;
  switch (state_) {
    case LaneState::open:
    case LaneState::unreachable: return true;
    case LaneState::paused: return until_ && *until_ <= now;
    case LaneState::crashed:
    case LaneState::parked: return until_ && *until_ <= now && !probing_ && in_flight_ == 0;
    case LaneState::hung:
    case LaneState::orphaned: return false;
  }
  return false;
}

std::size_t Lane::bytes_left() const { return kBytesInFlight - std::min(kBytesInFlight, bytes_in_flight_); }

base::Millis Lane::reconcile_time() const { return std::max(settings_.timeout, kMinReconcileTime); }

// Reconciling and sending each wait for their turn and take their time; the rest allows for a store that is slow to take the outcome.
base::Millis Lane::lease_time() const { return reconcile_time() + settings_.timeout + 2 * plugin::kBeginTimeout + std::chrono::minutes(2); }

void Lane::pump() {
  if (leasing_) {
    pump_again_ = true;
    return;
  }
  const auto now = context_.clock.now();
  if (!may_lease(now)) {
    if (until_ && !stopping_ && *until_ > now) wake_at(*until_);
    return;
  }
  const auto steady = context_.clock.steady();
  if (const auto left = settings_.budget->remaining_pause(steady); left.count() > 0) {
    if (state_ == LaneState::open) pause({"rate_limited", "another sink with the same account was rate limited"}, now + left);
    return wake_at(now + left);
  }
  if (state_ == LaneState::paused) open("the pause is over");

  const auto busy = in_flight_ - ending_;
  const auto limit = std::min(settings_.concurrency, channel_->max_in_flight());
  auto slots = limit - std::min(limit, busy);
  if (on_probation()) {
    slots = 1;
    // Deliveries that failed for the same reason are in back-off; the probe needs one that is ready.
    context_.store.end_backoff(settings_.sink, now, [](const base::Result<std::size_t>&) {});
  }
  if (slots == 0 || bytes_left() == 0) return;  // the end of an attempt calls pump() again
  const auto requested = settings_.budget->reserve(slots, steady);
  if (requested == 0) {
    const auto ready_at = now + settings_.budget->wait(steady);
    next_attempt_at_ = ready_at;
    return wake_at(ready_at);
  }

  leasing_ = true;
  pump_again_ = false;
  context_.store.lease({settings_.sink, requested, now, lease_time(), true, bytes_left()}, [self = shared_from_this(),
                                                                                            requested](base::Result<store::Lease> lease) {
    self->strand_.post([self, requested, lease = std::move(lease)]() mutable { self->on_lease(requested, std::move(lease)); });
  });
}

void Lane::on_lease(std::size_t requested, base::Result<store::Lease> lease) {
  leasing_ = false;
  if (stopping_) {
    settings_.budget->release(requested);
    if (lease) {
      report_unreadable(lease->unreadable);
      for (auto& leased : lease->leased)
        context_.store.release(std::move(leased.claim), leased.attempt, context_.clock.now(),
                               [self = shared_from_this()](const base::Result<bool>&) { self->context_.notify({self->settings_.sink}); });
    }
    return stop_if_idle();
  }
  if (!lease && lease.error().code != base::ErrorCode::unavailable) {
    settings_.budget->release(requested);
    log_.error("the store refuses to lease, so nothing is sent; please report this and restart the gateway",
               {{"sink", settings_.sink}, {"error", lease.error().message}});
    return wake_at(context_.clock.now() + kRefusedLease);
  }
  if (!lease) {
    settings_.budget->release(requested);
    log_.error("the store cannot be read; trying again", {{"sink", settings_.sink}, {"error", lease.error().message}});
    store_failing_ = true;
    return retry_later([self = shared_from_this()] {
      self->store_failing_ = false;
      self->pump();
    });
  }
  report_unreadable(lease->unreadable);
  const auto got = lease->leased.size() + lease->unreadable.size();
  std::size_t used = 0;
  for (auto& leased : lease->leased) used += start_attempt(std::move(leased)) ? 1 : 0;
  settings_.budget->release(requested - used);
  probing_ = on_probation() && used > 0;
  if (pump_again_ || got == requested) return pump();
  if (lease->next_ready) next_attempt_at_ = *lease->next_ready;
  if (lease->next_ready && bytes_left() > 0) wake_at(*lease->next_ready);
}

// Returns whether it used the slot reserved for it in the budget.
bool Lane::start_attempt(store::Leased leased) {
  const auto now = context_.clock.now();
  const bool expired = leased.attempt == 0 && leased.delivery.expires_at <= now;
  if (!expired) {
    const auto wait = settings_.budget->take(leased.delivery.destination.key(), context_.clock.steady());
    if (wait.count() > 0) {
      if (on_probation()) until_ = now + wait;  // the probe waits too
      context_.store.release(std::move(leased.claim), leased.attempt, now + wait,
                             [self = shared_from_this()](const base::Result<bool>&) { self->notify(); });
      return false;
    }
  }
  ++in_flight_;
  bytes_in_flight_ += leased.bytes;
  publish();
  if (context_.apply_template) context_.apply_template(leased);
  render::mark_sensitive(leased);
  const bool can_reconcile = channel_ && channel_->can_reconcile() && state_ != LaneState::hung;
  const auto sinks = context_.sinks();
  const bool crasher = settings_.crashed_too_often && settings_.crashed_too_often(leased.delivery.id);
  auto log = with_ids(log_, settings_.sink, leased);
  auto attempt = std::make_shared<Attempt>(
      Attempt{sinks, AttemptMachine({std::move(leased), can_reconcile, sinks.get(), crasher}), std::move(log), {}, crasher});
  resume(attempt, event::Start{});
  return !expired;
}

// Runs in a parked lane too: expired deliveries go to their fallback, or become dead letters that an operator sees.
void Lane::sweep_expired() {
  if (stopping_) return;
  expiry_timer_.arm(kExpiryCheck, [this] { sweep_expired(); });
  more_expired_ = bytes_left() == 0;
  if (more_expired_) return;
  const auto now = context_.clock.now();
  context_.store.lease_expired({settings_.sink, kExpiryBatch, now, lease_time(), false, bytes_left()},
                               [self = shared_from_this()](base::Result<store::Lease> lease) {
                                 self->strand_.post([self, lease = std::move(lease)]() mutable { self->on_expired(std::move(lease)); });
                               });
}

void Lane::on_expired(base::Result<store::Lease> lease) {
  if (!lease) {
    if (lease.error().code != base::ErrorCode::unavailable)
      log_.error("the store refuses to look up expired deliveries; please report this",
                 {{"sink", settings_.sink}, {"error", lease.error().message}});
    return;
  }
  report_unreadable(lease->unreadable);
  const auto got = lease->leased.size() + lease->unreadable.size();
  for (auto& leased : lease->leased) start_attempt(std::move(leased));
  if (got == 0 || stopping_) return;
  expiry_timer_.arm(kExpiryRecheck, [this] { sweep_expired(); });
}

void Lane::wake_at(base::Timestamp at) {
  const auto wait = std::max(base::Millis(1), at - context_.clock.now());
  wake_timer_.arm(wait, [this] { pump(); });
}

void Lane::retry_later(net::Task task) {
  to_retry_.push_back(std::move(task));
  if (to_retry_.size() == 1) retry_timer_.arm(kStoreRetry, [this] { retry_now(); });
}

void Lane::retry_now() {
  for (auto& task : std::exchange(to_retry_, {})) task();
}

// ---- one attempt ------------------------------------------------------------------------------------------------------------

void Lane::resume(const std::shared_ptr<Attempt>& attempt, Event event) {
  drive(attempt, attempt->machine.resume(std::move(event), context_.clock.now(), context_.random()));
}

void Lane::drive(const std::shared_ptr<Attempt>& attempt, const Action& action) {
  std::visit(base::Visitor{
                 [&](const action::Reconcile&) { reconcile(attempt); },
                 [&](const action::Begin& a) { begin(attempt, a); },
                 [&](const action::Send& a) { send(attempt, a); },
                 [&](const action::Finish& a) { finish(attempt, a); },
                 [&](const action::Abandon&) {
                   attempt->log.warn("the claim on a delivery was lost; another holder has it");
                   on_ended(attempt);
                 },
             },
             action);
}

void Lane::begin(const std::shared_ptr<Attempt>& attempt, const action::Begin& begin_action) {
  const auto& leased = attempt->machine.leased();
  context_.store.begin(leased.claim, begin_action.possible_duplicate, context_.clock.now(),
                       [self = shared_from_this(), attempt, begin_action](base::Result<std::uint32_t> number) {
                         self->strand_.post([self, attempt, begin_action, number = std::move(number)] {
                           if (number) {
                             if (begin_action.possible_duplicate) self->report_possible_duplicate(*attempt);
                             return self->resume(attempt, event::Began{*number});
                           }
                           if (number.error().code == base::ErrorCode::not_found) return self->resume(attempt, event::ClaimLost{});
                           if (number.error().code != base::ErrorCode::unavailable) {
                             model::Outcome outcome{.code = model::OutcomeCode::rejected};
                             return self->on_refused(attempt, {.outcome = std::move(outcome)}, number.error());
                           }
                           if (self->stopping_) return self->on_ended(attempt);
                           attempt->log.error("the start of an attempt cannot be recorded; trying again",
                                              {{"error", number.error().message}});
                           self->retry_later([self, attempt, begin_action] { self->begin(attempt, begin_action); });
                         });
                       });
}

void Lane::report_possible_duplicate(const Attempt& attempt) {
  context_.metrics.possible_duplicate(settings_.sink);
  attempt.log.warn("retrying an attempt that may have arrived; a duplicate is possible");
}

void Lane::send(const std::shared_ptr<Attempt>& attempt, const action::Send& send_action) {
  const auto& leased = attempt->machine.leased();
  attempt->sent_at = context_.clock.steady();
  attempted_at_ = context_.clock.now();
  // Shares ownership with the attempt, whose machine no longer changes the message.
  const std::shared_ptr<const model::Message> message(attempt, &leased);
  plugin::SendRequest send{message, send_action.attempt, settings_.timeout};
  attempt->log.debug("attempt begins", {{"attempt", send_action.attempt}});
  channel_->deliver(std::move(send), [self = shared_from_this(), attempt, number = send_action.attempt](plugin::SendOutcome outcome) {
    self->strand_.post([self, attempt, number, outcome = std::move(outcome)]() mutable {
      if (outcome.not_started) return self->requeue(attempt, number);
      const auto took = std::chrono::duration_cast<base::Millis>(self->context_.clock.steady() - attempt->sent_at);
      self->context_.metrics.attempt_ended(self->settings_.sink, model::to_string(outcome.code), outcome.reason, took);
      attempt->log.debug("attempt ended", {{"attempt", number},
                                           {"outcome", model::to_string(outcome.code)},
                                           {"reason", outcome.reason},
                                           {"detail", outcome.detail},
                                           {"took", took}});
      self->track_outage(outcome);
      self->resume(attempt, event::Ended{std::move(outcome)});
    });
  });
}

void Lane::reconcile(const std::shared_ptr<Attempt>& attempt) {
  const auto& leased = attempt->machine.leased();
  plugin::SendRequest send{std::make_shared<const model::Message>(leased), std::max(1U, leased.delivery.attempts), reconcile_time()};
  channel_->reconcile(std::move(send), [self = shared_from_this(), attempt](plugin::ReconcileResult result) {
    self->strand_.post([self, attempt, result = std::move(result)]() mutable {
      if (result.not_started) return self->requeue(attempt, 0);
      self->resume(attempt, event::Reconciled{std::move(result)});
    });
  });
}

void Lane::requeue(const std::shared_ptr<Attempt>& attempt, std::uint32_t number) {
  const auto& leased = attempt->machine.leased();
  if (number != 0) settings_.budget->release(1);
  attempt->log.debug("the plugin has not started a delivery; it returns to the queue");
  context_.store.release(leased.claim, number, context_.clock.now() + kRequeueDelay,
                         [self = shared_from_this(), attempt, number](const base::Result<bool>& released) {
                           self->strand_.post([self, attempt, number, released] {
                             // When stopping, leave the delivery to the end of its lease: it is then in doubt, which costs no more than a
                             // mark.
                             if (released || (self->stopping_ && !self->draining_)) return self->on_ended(attempt);
                             if (released.error().code == base::ErrorCode::unavailable)
                               return self->retry_later([self, attempt, number] { self->requeue(attempt, number); });
                             attempt->log.error(
                                 "the store refuses to take a delivery back, so it stays in doubt until its lease ends; please report this",
                                 {{"error", released.error().message}});
                             self->on_ended(attempt);
                           });
                         });
}

// Keeps the outcome in memory until the store takes it: losing it would send the message again.
void Lane::finish(const std::shared_ptr<Attempt>& attempt, const action::Finish& finish_action) {
  const bool lane_goes_on = !finish_action.park_lane && !finish_action.pause;
  if (lane_goes_on) ++ending_;
  context_.store.finish(finish_action.finish,
                        [self = shared_from_this(), attempt, finish_action, lane_goes_on](base::Result<store::Finished> result) {
                          self->strand_.post([self, attempt, finish_action, lane_goes_on, result = std::move(result)] {
                            if (lane_goes_on) --self->ending_;
                            if (result) return self->on_finished(attempt, finish_action, *result);
                            if (result.error().code != base::ErrorCode::unavailable)
                              return self->on_refused(attempt, finish_action.finish, result.error());
                            if (self->stopping_ && !self->draining_) return self->on_ended(attempt);
                            attempt->log.error("an outcome cannot be recorded; trying again", {{"error", result.error().message}});
                            self->retry_later([self, attempt, finish_action] { self->finish(attempt, finish_action); });
                          });
                        });
  // Lease the next delivery right behind it, so that one commit covers both.
  if (lane_goes_on && state_ == LaneState::open) pump();
}

void Lane::on_finished(const std::shared_ptr<Attempt>& attempt, const action::Finish& finish_action, const store::Finished& result) {
  if (result.applied) {
    report(*attempt, finish_action.finish);
  } else {
    attempt->log.warn("the claim on a delivery was lost before its outcome was recorded");
  }
  if (!result.sinks.empty()) context_.notify(result.sinks);
  const bool attempted = finish_action.finish.attempt != 0 || std::holds_alternative<store::Done>(finish_action.finish.next);
  if (attempt->crasher) {
    if (result.applied && settings_.on_crasher_ended) settings_.on_crasher_ended(finish_action.finish.delivery_id);
  } else if (attempted) {
    apply_to_lane(finish_action);
  } else if (probing_) {
    until_ = context_.clock.now() + probe_interval_;  // reconciling has not shown whether an earlier attempt arrived
  }
  on_ended(attempt);
}

// The store would refuse the same outcome again. The delivery ends in the simplest form that can be stored, so that the deliveries behind
// it can proceed; a message that has arrived stays delivered.
void Lane::on_refused(const std::shared_ptr<Attempt>& attempt, store::Finish finish, const base::Error& error) {
  const auto& leased = attempt->machine.leased();
  attempt->log.error("the store refuses an update of a delivery; please report this", {{"error", error.message}});
  finish.claim = leased.claim;
  finish.delivery_id = leased.delivery.id;
  finish.attempt = 0;
  finish.now = context_.clock.now();
  if (finish.outcome.code == model::OutcomeCode::delivered) {
    finish.next = store::Done{};
  } else {
    finish.outcome.reason = "store_refused";
    finish.outcome.detail = error.message;
    finish.next = store::DeadLetter{model::DeliveryState::rejected};
  }
  context_.store.finish(finish, [self = shared_from_this(), attempt, finish, error](const base::Result<store::Finished>& result) {
    self->strand_.post([self, attempt, finish, error, result] {
      if (result && result->applied) {
        self->report(*attempt, finish);
        if (attempt->crasher && self->settings_.on_crasher_ended) self->settings_.on_crasher_ended(finish.delivery_id);
      }
      if (result || (self->stopping_ && !self->draining_)) return self->on_ended(attempt);
      if (result.error().code == base::ErrorCode::unavailable)
        return self->retry_later([self, attempt, finish, error] { self->on_refused(attempt, finish, error); });
      attempt->log.error("the delivery cannot be ended either; it stays in doubt until its lease ends, then it is leased again",
                         {{"error", result.error().message}});
      self->on_ended(attempt);
    });
  });
}

void Lane::report_unreadable(const std::vector<model::Delivery>& deliveries) {
  for (const auto& delivery : deliveries) {
    context_.metrics.dead_letter(settings_.sink);
    context_.metrics.delivery_ended(settings_.sink, model::to_string(delivery.state), delivery.last_reason, std::nullopt);
    log_.error(
        "a stored delivery cannot be read and is a dead letter now; look at it, then discard it",
        {{"sink", settings_.sink}, {"delivery", delivery.id}, {"notification", delivery.notification_id}, {"error", delivery.last_detail}});
  }
}

void Lane::report(const Attempt& attempt, const store::Finish& finish) {
  const auto& sink = settings_.sink;
  const auto& leased = attempt.machine.leased();
  const auto& delivery = leased.delivery;
  const auto& outcome = finish.outcome;
  const auto log_failure = [&](model::DeliveryState state, std::string_view then) {
    context_.metrics.delivery_ended(sink, model::to_string(state), outcome.reason, std::nullopt);
    attempt.log.warn(model::to_string(state), {{"reason", outcome.reason}, {"detail", outcome.detail}, {"then", then}});
  };
  std::visit(base::Visitor{
                 [&](const store::Done&) {
                   const auto received = leased.items.empty() ? delivery.created_at : leased.items.front().received_at;
                   context_.metrics.delivery_ended(sink, "delivered", outcome.reason, std::max(base::Millis(0), finish.now - received));
                   attempt.log.info("delivered", {{"attempt", finish.attempt}});
                 },
                 [&](const store::RetryAt& retry) {
                   if (retry.possible_duplicate && !delivery.possible_duplicate) report_possible_duplicate(attempt);
                   attempt.log.debug("will be retried", {{"outcome", model::to_string(outcome.code)},
                                                         {"reason", outcome.reason},
                                                         {"at", base::to_rfc3339(base::to_wall(context_.clock, retry.at))}});
                 },
                 [&](const store::FallBack& fall_back) { log_failure(fall_back.state, "fallback"); },
                 [&](const store::DeadLetter& dead) {
                   context_.metrics.dead_letter(sink);
                   log_failure(dead.state, "dead letter");
                 },
             },
             finish.next);
}

void Lane::on_ended(const std::shared_ptr<Attempt>& attempt) {
  --in_flight_;
  bytes_in_flight_ -= attempt->machine.leased().bytes;
  probing_ = false;
  publish();
  if (!stopping_) {
    if (more_expired_ && bytes_left() > 0) sweep_expired();
    return pump();
  }
  context_.notify({settings_.sink});  // the replacement lane can send the recipient's next delivery
  stop_if_idle();
}

// ---- the lane's own state ---------------------------------------------------------------------------------------------------

// An attempt cut short by stopping the lane does not count as an outage.
void Lane::track_outage(const model::Outcome& outcome) {
  if (stopping_) return;
  using Kind = Outage::Notice::Kind;
  const bool was_open = outage_.open();
  const auto notice = outage_.record(outcome, context_.clock.now());
  if (notice.kind == Kind::begins || notice.kind == Kind::continues) {
    log_.warn(notice.kind == Kind::begins ? "sink is unreachable; its deliveries are kept and retried automatically"
                                          : "sink is still unreachable",
              {{"sink", settings_.sink},
               {"reason", outcome.reason},
               {"detail", outcome.detail},
               {"attempts", notice.attempts},
               {"for", notice.lasted}});
  } else if (notice.kind == Kind::ends) {
    log_.info("sink is reachable again", {{"sink", settings_.sink}, {"attempts", notice.attempts}, {"after", notice.lasted}});
  }
  if (was_open || outage_.open()) publish();
}

void Lane::apply_to_lane(const action::Finish& finish_action) {
  const auto& outcome = finish_action.finish.outcome;
  if (finish_action.park_lane) return park({outcome.reason, outcome.detail}, context_.clock.now());
  if (finish_action.pause && finish_action.pause->scope != policy::Pause::Scope::recipient_queue) {
    const auto until = finish_action.pause->until;
    if (finish_action.pause->scope == policy::Pause::Scope::account)
      settings_.budget->pause(until - context_.clock.now(), context_.clock.steady());
    if (on_probation() || state_ == LaneState::hung) return;
    return pause({outcome.reason, outcome.detail}, until);
  }
  if (on_probation()) {
    open("an attempt went through");
    context_.store.end_backoff(settings_.sink, context_.clock.now(),
                               [self = shared_from_this()](const base::Result<std::size_t>&) { self->notify(); });
  }
}

void Lane::pause(ParkReason reason, base::Timestamp until) {
  until_ = until_ ? std::max(*until_, until) : until;
  state_ = LaneState::paused;
  state_reason_ = std::move(reason);
  log_.warn(
      "sink is paused",
      {{"sink", settings_.sink}, {"reason", state_reason_.reason}, {"until", base::to_rfc3339(base::to_wall(context_.clock, *until_))}});
  publish();
}

void Lane::park(ParkReason reason, base::Timestamp now) {
  if (state_ == LaneState::hung) return;
  if (state_ == LaneState::parked) {
    // Only the probe extends the interval; other attempts were in flight before the lane was parked.
    if (probing_) probe_interval_ = std::min(probe_interval_ * 2, settings_.max_probe_interval);
  } else {
    probe_interval_ = settings_.min_probe_interval;
    log_.error("sink is parked; its deliveries are kept, and it is retried automatically",
               {{"sink", settings_.sink}, {"reason", reason.reason}, {"detail", reason.detail}, {"next_try_in", probe_interval_}});
  }
  state_ = LaneState::parked;
  state_reason_ = std::move(reason);
  until_ = now + probe_interval_;
  publish();
}

void Lane::open(std::string_view why) {
  log_.info("sink is open", {{"sink", settings_.sink}, {"why", why}});
  state_ = LaneState::open;
  state_reason_ = {};
  until_.reset();
  probe_interval_ = settings_.min_probe_interval;
  publish();
}

bool Lane::can_release() const {
  const auto state = reported_state();
  if (state == LaneState::crashed) return true;
  return channel_ && (state == LaneState::paused || state == LaneState::parked || state == LaneState::unreachable);
}

void Lane::release(std::move_only_function<void(ReleaseResult)> done) {
  strand_.post([self = shared_from_this(), done = std::move(done)]() mutable { self->try_now(std::move(done)); });
}

void Lane::try_now(std::move_only_function<void(ReleaseResult)> done) {
  using enum ReleaseResult::Effect;
  const auto was = reported_state();
  const bool was_open = was == LaneState::open;
  const auto log_release = [this, was] {
    log_.warn("sink is released by an operator", {{"sink", settings_.sink}, {"state", to_string(was)}, {"reason", state_reason_.reason}});
  };
  if (was == LaneState::crashed && !channel_ && settings_.on_release) {
    log_release();
    settings_.on_release();
    return done({released, was, "its plugin is now tested in a separate process, then with one delivery"});
  }
  if (!channel_) return done({blocked, was, "it could not be started (" + state_reason_.detail + "); fix that and run: belfry reload"});
  if (state_ == LaneState::hung) return done({blocked, was, "a call into its plugin has not returned; restart the gateway to end it"});
  if (!was_open) log_release();
  settings_.budget->end_pauses();
  channel_->end_pauses();
  if (state_ == LaneState::paused) open("an operator has ended the pause");
  if (on_probation()) {
    probe_interval_ = settings_.min_probe_interval;
    until_ = context_.clock.now();
    publish();
  }
  const bool one_first = was == LaneState::parked || was == LaneState::crashed;
  if (!was_open)
    done({released, was, one_first ? "one delivery is tried now; if it goes through, the others follow" : "its deliveries are tried now"});
  context_.store.end_backoff(settings_.sink, context_.clock.now(),
                             [self = shared_from_this(), was_open, done = std::move(done)](const base::Result<std::size_t>& ended) mutable {
                               self->notify();
                               if (was_open) done(release_of_open(ended));
                             });
  pump();
}

void Lane::on_health(plugin::Health health) {
  if (health == plugin::Health::hung) {
    state_ = LaneState::hung;
    state_reason_ = {"hung", "a call into the plugin has not returned; the plugin is at fault"};
    until_.reset();
    log_.error("sink is hung: a call into its plugin has not returned; its deliveries are kept",
               {{"sink", settings_.sink}, {"plugin", settings_.plugin}});
    return publish();
  }
  if (health == plugin::Health::running && state_ == LaneState::hung) {
    open("the plugin's call has returned");
    pump();
  }
}

void Lane::on_late(std::string delivery_id, std::uint32_t number, model::Outcome outcome) {
  // Posted, so that it follows the outcomes that were returned before it.
  strand_.post([self = shared_from_this(), delivery_id = std::move(delivery_id), number, outcome = std::move(outcome)]() mutable {
    self->settle_late(std::move(delivery_id), number, std::move(outcome));
  });
}

void Lane::settle_late(std::string delivery_id, std::uint32_t number, model::Outcome outcome) {
  auto reason = outcome.reason;
  context_.store.finish_late(delivery_id, number, std::move(outcome), context_.clock.now(),
                             [self = shared_from_this(), delivery_id, reason](base::Result<store::LateResult> result) {
                               if (!result) return;
                               const auto& sink = self->settings_.sink;
                               if (*result == store::LateResult::settled) {
                                 self->log_.info("delivered, reported late", {{"sink", sink}, {"delivery", delivery_id}});
                                 self->context_.metrics.delivery_ended(sink, "delivered", reason, std::nullopt);
                                 self->notify();
                               } else if (*result == store::LateResult::duplicate) {
                                 self->log_.warn("a late outcome shows that a delivery arrived twice",
                                                 {{"sink", sink}, {"delivery", delivery_id}});
                                 self->context_.metrics.possible_duplicate(sink);
                               }
                             });
}

// ---- stopping ---------------------------------------------------------------------------------------------------------------

void Lane::drain(base::Millis timeout, net::Task done) {
  strand_.post([self = shared_from_this(), timeout, done = std::move(done)]() mutable {
    self->draining_ = true;
    self->begin_stop(timeout, std::move(done));
  });
}

void Lane::stop(base::Millis timeout, net::Task done) {
  strand_.post([self = shared_from_this(), timeout, done = std::move(done)]() mutable {
    self->draining_ = false;
    self->begin_stop(timeout, std::move(done));
  });
}

void Lane::begin_stop(base::Millis timeout, net::Task done) {
  stopping_ = true;
  stopped_.push_back(std::move(done));
  // A hung plugin is not expected to return within the timeout.
  const bool hopeless = state_ == LaneState::hung;
  stop_timeout_ = std::min(timeout, hopeless ? kHungStop : kPluginStop);
  drain_timed_out_ = hopeless;
  wake_timer_.cancel();
  expiry_timer_.cancel();
  retry_timer_.cancel();
  retry_now();
  stop_timer_.arm(timeout, [this] {
    drain_timed_out_ = true;
    stop_if_idle();
  });
  stop_if_idle();
}

void Lane::stop_if_idle() {
  if ((in_flight_ != 0 || leasing_) && !drain_timed_out_) return;
  if (stopped_.empty()) return;
  stop_timer_.cancel();
  for (auto& done : std::exchange(stopped_, {})) {
    if (channel_) {
      channel_->stop(stop_timeout_, std::move(done));
    } else {
      done();
    }
  }
}

}  // namespace belfry::delivery
