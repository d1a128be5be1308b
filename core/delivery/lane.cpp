#include "delivery/lane.hpp"

#include <algorithm>

#include "model/names.hpp"
#include "render/message.hpp"

namespace belfry::delivery {
namespace {

constexpr base::Millis kStoreRetry{1'000};   // a failing store is asked again after this
constexpr base::Millis kExpiryCheck{5'000};  // how late an expiry may be noticed
constexpr base::Millis kHungStop{500};
constexpr base::Millis kPluginStop{15'000};
constexpr base::Millis kReconcileAtLeast{30'000};  // a sink may have to wait until what it looks for must be visible
constexpr std::size_t kExpiredAtOnce = 100;

double per_second(const policy::RateLimit& rate) {
  return rate.events == 0 ? 0 : rate.events * 1000.0 / static_cast<double>(rate.period.count());
}

template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};

}  // namespace

std::string_view to_string(LaneState state) {
  switch (state) {
    case LaneState::open: return "open";
    case LaneState::paused: return "paused";
    case LaneState::parked: return "parked";
    case LaneState::hung: return "hung";
    case LaneState::orphaned: return "orphaned";
  }
  return "unknown";
}

struct Lane::Attempt {
  std::shared_ptr<const SinkPlans> sinks;
  AttemptMachine machine;
  base::SteadyTime sent_at{};
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
      probe_interval_(settings_.first_probe) {
  if (!settings_.budget) settings_.budget = std::make_shared<policy::SendBudget>(settings_.rates);
  if (channel) {
    channel_ = std::move(*channel);
  } else {
    state_ = LaneState::parked;
    why_ = std::move(channel.error());
  }
  publish();
}

// Whoever lets go of it last: its timers go on their own strand.
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
                       {{"sink", self->settings_.sink}, {"reason", self->why_.reason}, {"detail", self->why_.detail}});
    }
    self->look_for_expired();
    self->pump();
  });
}

void Lane::notify() {
  strand_.post([self = shared_from_this()] { self->pump(); });
}

LaneStatus Lane::status() const {
  const std::lock_guard lock(status_mutex_);
  return status_;
}

void Lane::publish() {
  const std::lock_guard lock(status_mutex_);
  status_ = {settings_.sink, settings_.plugin, state_, why_.reason, why_.detail, until_, in_flight_, per_second(settings_.rates.all)};
}

// ---- taking work ------------------------------------------------------------------------------------------------------------

bool Lane::may_lease(base::Timestamp now) const {
  if (stopping_ || !channel_ || store_failing_) return false;
  switch (state_) {
    case LaneState::open: return true;
    case LaneState::paused: return until_ && *until_ <= now;
    case LaneState::parked: return until_ && *until_ <= now && !probing_ && in_flight_ == 0;
    case LaneState::hung:
    case LaneState::orphaned: return false;
  }
  return false;
}

base::Millis Lane::reconcile_time() const { return std::max(settings_.timeout, kReconcileAtLeast); }

// Reconciling and sending each have their deadline; the rest is for a store that is slow to take the outcome.
base::Millis Lane::lease_time() const { return reconcile_time() + settings_.timeout + std::chrono::minutes(2); }

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
  if (const auto left = settings_.budget->paused(steady); left.count() > 0) {
    if (state_ == LaneState::open) pause({"rate_limited", "another sink with the same account was told to slow down"}, now + left);
    return wake_at(now + left);
  }
  if (state_ == LaneState::paused) open("the pause is over");

  const auto busy = in_flight_ - ending_;
  auto room = settings_.concurrency - std::min(settings_.concurrency, busy);
  if (state_ == LaneState::parked) {
    room = 1;
    // What failed for the same reason waits in its own back-off; the probe needs one that is ready.
    context_.store.wake(settings_.sink, now, [](const base::Result<std::size_t>&) {});
  }
  if (room == 0) return;  // the end of an attempt pumps again
  const auto asked = settings_.budget->reserve(room, steady);
  if (asked == 0) return wake_at(now + settings_.budget->wait(steady));

  leasing_ = true;
  pump_again_ = false;
  context_.store.lease({settings_.sink, asked, now, lease_time(), true},
                       [self = shared_from_this(), asked](base::Result<store::Lease> lease) {
                         self->strand_.post([self, asked, lease = std::move(lease)]() mutable { self->on_lease(asked, std::move(lease)); });
                       });
}

void Lane::on_lease(std::size_t asked, base::Result<store::Lease> lease) {
  leasing_ = false;
  if (stopping_) {
    settings_.budget->give_back(asked);
    if (lease) {
      for (auto& leased : lease->leased)
        context_.store.release(std::move(leased.claim), leased.attempt, context_.clock.now(),
                               [self = shared_from_this()](const base::Result<bool>&) { self->context_.notify({self->settings_.sink}); });
    }
    return stop_if_idle();
  }
  if (!lease) {
    settings_.budget->give_back(asked);
    log_.error("the store cannot be read; trying again", {{"sink", settings_.sink}, {"error", lease.error().message}});
    store_failing_ = true;
    return retry_later([self = shared_from_this()] {
      self->store_failing_ = false;
      self->pump();
    });
  }
  const auto got = lease->leased.size();
  std::size_t used = 0;
  for (auto& leased : lease->leased) used += take(std::move(leased)) ? 1 : 0;
  settings_.budget->give_back(asked - used);
  probing_ = state_ == LaneState::parked && used > 0;
  if (pump_again_ || got == asked) return pump();
  if (lease->next_ready) wake_at(*lease->next_ready);
}

// Whether it used the room that was taken for it.
bool Lane::take(store::Leased leased) {
  const auto now = context_.clock.now();
  const bool expired = leased.attempt == 0 && leased.delivery.expires_at <= now;
  if (!expired) {
    const auto wait = settings_.budget->take(leased.delivery.destination.key(), context_.clock.steady());
    if (wait.count() > 0) {
      if (state_ == LaneState::parked) until_ = now + wait;  // the probe waits as well
      context_.store.release(std::move(leased.claim), leased.attempt, now + wait,
                             [self = shared_from_this()](const base::Result<bool>&) { self->notify(); });
      return false;
    }
  }
  ++in_flight_;
  publish();
  if (context_.write) context_.write(leased);
  render::mark_sensitive(leased);
  const bool can_reconcile = channel_ && channel_->can_reconcile() && state_ != LaneState::hung;
  const auto sinks = context_.sinks();
  auto attempt = std::make_shared<Attempt>(Attempt{sinks, AttemptMachine({std::move(leased), can_reconcile, sinks.get()}), {}});
  resume(attempt, event::Start{});
  return !expired;
}

// A parked lane still lets time pass: what is too old goes to its fallback, or becomes a dead letter that somebody sees.
void Lane::look_for_expired() {
  if (stopping_) return;
  expiry_timer_.arm(kExpiryCheck, [this] { look_for_expired(); });
  const auto now = context_.clock.now();
  context_.store.lease_expired({settings_.sink, kExpiredAtOnce, now, lease_time(), false},
                               [self = shared_from_this()](base::Result<store::Lease> lease) {
                                 if (!lease) return;
                                 self->strand_.post([self, expired = std::move(lease->leased)]() mutable {
                                   for (auto& leased : expired) self->take(std::move(leased));
                                   if (expired.size() == kExpiredAtOnce) self->look_for_expired();
                                 });
                               });
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
  std::visit(Overloaded{
                 [&](const action::Reconcile&) { reconcile(attempt); },
                 [&](const action::Begin& a) { begin(attempt, a); },
                 [&](const action::Send& a) { send(attempt, a); },
                 [&](const action::Finish& a) { finish(attempt, a); },
                 [&](const action::GiveUp&) {
                   log_.warn("the claim on a delivery was lost; another holder has it",
                             {{"delivery", attempt->machine.leased().delivery.id}});
                   ended(attempt);
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
                             if (begin_action.possible_duplicate) self->mark(attempt->machine.leased().delivery);
                             return self->resume(attempt, event::Began{*number});
                           }
                           if (number.error().code == base::ErrorCode::not_found) return self->resume(attempt, event::ClaimLost{});
                           if (self->stopping_) return self->ended(attempt);
                           self->log_.error("the intent to send cannot be recorded; trying again",
                                            {{"sink", self->settings_.sink}, {"error", number.error().message}});
                           self->retry_later([self, attempt, begin_action] { self->begin(attempt, begin_action); });
                         });
                       });
}

void Lane::mark(const model::Delivery& delivery) {
  context_.metrics.possible_duplicate(settings_.sink);
  log_.warn("an attempt that may have arrived is made again: a possible duplicate",
            {{"sink", settings_.sink}, {"delivery", delivery.id}, {"notification", delivery.notification_id}});
}

void Lane::send(const std::shared_ptr<Attempt>& attempt, const action::Send& send_action) {
  const auto& leased = attempt->machine.leased();
  attempt->sent_at = context_.clock.steady();
  // Shared with the attempt, whose machine changes nothing of it from here on.
  const std::shared_ptr<const model::Message> message(attempt, &leased);
  plugin::Send send{message, send_action.attempt, context_.clock.now() + settings_.timeout, ""};
  channel_->deliver(std::move(send), [self = shared_from_this(), attempt](model::Outcome outcome) {
    self->strand_.post([self, attempt, outcome = std::move(outcome)]() mutable {
      const auto took = std::chrono::duration_cast<base::Millis>(self->context_.clock.steady() - attempt->sent_at);
      self->context_.metrics.attempt_ended(self->settings_.sink, model::to_string(outcome.code), outcome.reason, took);
      self->resume(attempt, event::Ended{std::move(outcome)});
    });
  });
}

void Lane::reconcile(const std::shared_ptr<Attempt>& attempt) {
  const auto& leased = attempt->machine.leased();
  plugin::Send send{std::make_shared<const model::Message>(leased), std::max(1U, leased.delivery.attempts),
                    context_.clock.now() + reconcile_time(), ""};
  channel_->reconcile(std::move(send), [self = shared_from_this(), attempt](model::Outcome outcome) {
    self->strand_.post(
        [self, attempt, outcome = std::move(outcome)]() mutable { self->resume(attempt, event::Reconciled{std::move(outcome)}); });
  });
}

// What the remote answered is kept in memory until the store takes it: forgetting it would send the message again.
void Lane::finish(const std::shared_ptr<Attempt>& attempt, const action::Finish& finish_action) {
  const bool lane_goes_on = !finish_action.park_lane && !finish_action.pause;
  if (lane_goes_on) ++ending_;
  context_.store.finish(finish_action.finish, [self = shared_from_this(), attempt, finish_action,
                                               lane_goes_on](base::Result<store::Finished> result) {
    self->strand_.post([self, attempt, finish_action, lane_goes_on, result = std::move(result)] {
      if (lane_goes_on) --self->ending_;
      if (result) return self->finished(attempt, finish_action, *result);
      if (self->stopping_ && !self->making_way_) return self->ended(attempt);
      self->log_.error("an outcome cannot be recorded; trying again", {{"sink", self->settings_.sink}, {"error", result.error().message}});
      self->retry_later([self, attempt, finish_action] { self->finish(attempt, finish_action); });
    });
  });
  // What follows is asked for behind it, so that both are in one commit.
  if (lane_goes_on && state_ == LaneState::open) pump();
}

void Lane::finished(const std::shared_ptr<Attempt>& attempt, const action::Finish& finish_action, const store::Finished& result) {
  if (result.applied) {
    report(attempt->machine.leased(), finish_action.finish);
  } else {
    log_.warn("the claim on a delivery was lost before its outcome was recorded",
              {{"sink", settings_.sink}, {"delivery", finish_action.finish.delivery_id}});
  }
  if (!result.sinks.empty()) context_.notify(result.sinks);
  const bool attempted = finish_action.finish.attempt != 0 || std::holds_alternative<store::Done>(finish_action.finish.next);
  if (attempted) {
    apply_to_lane(finish_action);
  } else if (probing_) {
    until_ = context_.clock.now() + probe_interval_;  // it could not be seen whether an earlier attempt arrived
  }
  ended(attempt);
}

void Lane::report(const store::Leased& leased, const store::Finish& finish) {
  const auto& sink = settings_.sink;
  const auto& delivery = leased.delivery;
  const auto& outcome = finish.outcome;
  const auto gave_up = [&](model::DeliveryState state, std::string_view then) {
    context_.metrics.delivery_ended(sink, model::to_string(state), outcome.reason, std::nullopt);
    log_.warn(model::to_string(state), {{"sink", sink},
                                        {"delivery", delivery.id},
                                        {"notification", delivery.notification_id},
                                        {"reason", outcome.reason},
                                        {"detail", outcome.detail},
                                        {"then", then}});
  };
  std::visit(
      Overloaded{
          [&](const store::Done&) {
            const auto received = leased.items.empty() ? delivery.created_at : leased.items.front().received_at;
            context_.metrics.delivery_ended(sink, "delivered", outcome.reason, std::max(base::Millis(0), finish.now - received));
            log_.info("delivered",
                      {{"sink", sink}, {"delivery", delivery.id}, {"notification", delivery.notification_id}, {"attempt", finish.attempt}});
          },
          [&](const store::RetryAt& retry) {
            if (retry.possible_duplicate && !delivery.possible_duplicate) mark(delivery);
            log_.info("will be tried again", {{"sink", sink},
                                              {"delivery", delivery.id},
                                              {"outcome", model::to_string(outcome.code)},
                                              {"reason", outcome.reason},
                                              {"detail", outcome.detail},
                                              {"at", base::to_rfc3339(retry.at)}});
          },
          [&](const store::FallBack& fall_back) { gave_up(fall_back.state, "fallback"); },
          [&](const store::DeadLetter& dead) { gave_up(dead.state, "dead letter"); },
      },
      finish.next);
}

void Lane::ended(const std::shared_ptr<Attempt>&) {
  --in_flight_;
  probing_ = false;
  publish();
  if (!stopping_) return pump();
  context_.notify({settings_.sink});  // the next of that recipient is for the lane that has taken this one's place
  stop_if_idle();
}

// ---- the lane's own state ---------------------------------------------------------------------------------------------------

void Lane::apply_to_lane(const action::Finish& finish_action) {
  const auto& outcome = finish_action.finish.outcome;
  if (finish_action.park_lane) return park({outcome.reason, outcome.detail}, context_.clock.now());
  if (finish_action.pause && finish_action.pause->what != policy::Pause::What::recipient_queue) {
    const auto until = finish_action.pause->until;
    if (finish_action.pause->what == policy::Pause::What::account)
      settings_.budget->pause(until - context_.clock.now(), context_.clock.steady());
    if (state_ == LaneState::parked || state_ == LaneState::hung) return;
    return pause({outcome.reason, outcome.detail}, until);
  }
  if (state_ == LaneState::parked) {
    open("an attempt went through");
    context_.store.wake(settings_.sink, context_.clock.now(),
                        [self = shared_from_this()](const base::Result<std::size_t>&) { self->notify(); });
  }
}

void Lane::pause(ParkReason reason, base::Timestamp until) {
  until_ = until_ ? std::max(*until_, until) : until;
  state_ = LaneState::paused;
  why_ = std::move(reason);
  log_.warn("sink is paused", {{"sink", settings_.sink}, {"reason", why_.reason}, {"until", base::to_rfc3339(*until_)}});
  publish();
}

void Lane::park(ParkReason reason, base::Timestamp now) {
  if (state_ == LaneState::hung) return;
  if (state_ == LaneState::parked) {
    // Only the probe makes the waiting longer; others were under way before the lane was parked.
    if (probing_) probe_interval_ = std::min(probe_interval_ * 2, settings_.last_probe);
  } else {
    probe_interval_ = settings_.first_probe;
    log_.error("sink is parked; its deliveries are kept, and it is tried again by itself",
               {{"sink", settings_.sink}, {"reason", reason.reason}, {"detail", reason.detail}, {"next_try_in", probe_interval_}});
  }
  state_ = LaneState::parked;
  why_ = std::move(reason);
  until_ = now + probe_interval_;
  publish();
}

void Lane::open(std::string_view why) {
  log_.info("sink is open", {{"sink", settings_.sink}, {"why", why}});
  state_ = LaneState::open;
  why_ = {};
  until_.reset();
  probe_interval_ = settings_.first_probe;
  publish();
}

void Lane::on_health(plugin::Health health) {
  if (health == plugin::Health::hung) {
    state_ = LaneState::hung;
    why_ = {"hung", "a call into the plugin has not returned; the plugin is at fault"};
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
  auto reason = outcome.reason;
  context_.store.finish_late(delivery_id, number, std::move(outcome), context_.clock.now(),
                             [self = shared_from_this(), delivery_id, reason](base::Result<store::LateResult> result) {
                               if (!result) return;
                               const auto& sink = self->settings_.sink;
                               if (*result == store::LateResult::settled) {
                                 self->log_.info("delivered, said late", {{"sink", sink}, {"delivery", delivery_id}});
                                 self->context_.metrics.delivery_ended(sink, "delivered", reason, std::nullopt);
                                 self->notify();
                               } else if (*result == store::LateResult::duplicate) {
                                 self->log_.warn("a late answer says that a delivery arrived twice",
                                                 {{"sink", sink}, {"delivery", delivery_id}});
                                 self->context_.metrics.possible_duplicate(sink);
                               }
                             });
}

// ---- stopping ---------------------------------------------------------------------------------------------------------------

void Lane::make_way(base::Millis most, net::Task done) {
  strand_.post([self = shared_from_this(), most, done = std::move(done)]() mutable {
    self->making_way_ = true;
    self->end(most, std::move(done));
  });
}

void Lane::stop(base::Millis most, net::Task done) {
  strand_.post([self = shared_from_this(), most, done = std::move(done)]() mutable {
    self->making_way_ = false;
    self->end(most, std::move(done));
  });
}

void Lane::end(base::Millis most, net::Task done) {
  stopping_ = true;
  stopped_.push_back(std::move(done));
  // A plugin that does not return will not do so in the time that is left either.
  const bool hopeless = state_ == LaneState::hung;
  stop_most_ = std::min(most, hopeless ? kHungStop : kPluginStop);
  waited_enough_ = hopeless;
  wake_timer_.cancel();
  expiry_timer_.cancel();
  retry_timer_.cancel();
  retry_now();
  stop_timer_.arm(most, [this] {
    waited_enough_ = true;
    stop_if_idle();
  });
  stop_if_idle();
}

void Lane::stop_if_idle() {
  if ((in_flight_ != 0 || leasing_) && !waited_enough_) return;
  if (stopped_.empty()) return;
  stop_timer_.cancel();
  for (auto& done : std::exchange(stopped_, {})) {
    if (channel_) {
      channel_->stop(stop_most_, std::move(done));
    } else {
      done();
    }
  }
}

}  // namespace belfry::delivery
