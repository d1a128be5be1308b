#include "delivery/lane.hpp"

#include <algorithm>

#include "base/gateway_clock.hpp"
#include "base/overloaded.hpp"
#include "model/names.hpp"
#include "render/message.hpp"

namespace belfry::delivery {
namespace {

constexpr base::Millis kStoreRetry{1'000};   // a failing store is asked again after this
constexpr base::Millis kExpiryCheck{5'000};  // how late an expiry may be noticed
constexpr base::Millis kExpiredMore{100};    // the same, when some were found: one of a queue is given at a time
constexpr base::Millis kHungStop{500};
constexpr base::Millis kPluginStop{15'000};
constexpr base::Millis kReconcileAtLeast{30'000};  // a sink may have to wait until what it looks for must be visible
constexpr base::Millis kGivenBack{1'000};          // a delivery that the plugin has not begun with waits so long at least
constexpr std::size_t kExpiredAtOnce = 100;
constexpr base::Millis kRefusedLease{30'000};  // a store that refuses to lease is asked again after this
// Of stored text; one delivery may reach beyond it. Each byte is there several times while it is read, rendered and sent.
constexpr std::size_t kBytesInFlight = 2UL * 1024 * 1024;

double per_second(const policy::RateLimit& rate) {
  return rate.events == 0 ? 0 : rate.events * 1000.0 / static_cast<double>(rate.period.count());
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

struct Lane::Attempt {
  std::shared_ptr<const SinkPlans> sinks;
  AttemptMachine machine;
  base::SteadyTime sent_at{};
  bool given_up = false;  // the plugin does not get it again
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
      probe_interval_(settings_.first_probe),
      attempted_at_(context.clock.now()) {
  if (!settings_.budget) settings_.budget = std::make_shared<policy::SendBudget>(settings_.rates);
  if (channel) {
    channel_ = std::move(*channel);
  } else {
    state_ = LaneState::parked;
    why_ = std::move(channel.error());
  }
  if (settings_.crashed) {
    state_ = LaneState::crashed;
    why_ = {"crashed", settings_.crashed->detail};
    until_ = settings_.crashed->next_try;
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
  auto status = status_;
  status.attempted_at = std::max(attempted_at_.load(), next_may_begin_.load());
  return status;
}

LaneState Lane::shown_state() const { return state_ == LaneState::open && outage_.open() ? LaneState::unreachable : state_; }

void Lane::publish() {
  const auto state = shown_state();
  const bool unreachable = state == LaneState::unreachable;
  const auto& failure = outage_.last();
  const std::lock_guard lock(status_mutex_);
  const auto since = status_.since && status_.state == state ? status_.since : unreachable ? outage_.since() : context_.clock.now();
  status_ = {.sink = settings_.sink,
             .plugin = settings_.plugin,
             .state = state,
             .reason = unreachable ? failure->reason : why_.reason,
             .detail = unreachable ? failure->detail : why_.detail,
             .until = until_,
             .can_release = can_release(),
             .in_flight = in_flight_,
             .rate_per_second = per_second(settings_.rates.all),
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

base::Millis Lane::reconcile_time() const { return std::max(settings_.timeout, kReconcileAtLeast); }

// Reconciling and sending each wait for their turn and have their time; the rest is for a store that is slow to take the outcome.
base::Millis Lane::lease_time() const { return reconcile_time() + settings_.timeout + 2 * plugin::kBeginWithin + std::chrono::minutes(2); }

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
  const auto most = std::min(settings_.concurrency, channel_->most_in_flight());
  auto room = most - std::min(most, busy);
  if (on_probation()) {
    room = 1;
    // What failed for the same reason waits in its own back-off; the probe needs one that is ready.
    context_.store.wake(settings_.sink, now, [](const base::Result<std::size_t>&) {});
  }
  if (room == 0 || bytes_left() == 0) return;  // the end of an attempt pumps again
  const auto asked = settings_.budget->reserve(room, steady);
  if (asked == 0) {
    const auto room_at = now + settings_.budget->wait(steady);
    next_may_begin_ = room_at;
    return wake_at(room_at);
  }

  leasing_ = true;
  pump_again_ = false;
  context_.store.lease({settings_.sink, asked, now, lease_time(), true, bytes_left()},
                       [self = shared_from_this(), asked](base::Result<store::Lease> lease) {
                         self->strand_.post([self, asked, lease = std::move(lease)]() mutable { self->on_lease(asked, std::move(lease)); });
                       });
}

void Lane::on_lease(std::size_t asked, base::Result<store::Lease> lease) {
  leasing_ = false;
  if (stopping_) {
    settings_.budget->give_back(asked);
    if (lease) {
      report_unreadable(lease->unreadable);
      for (auto& leased : lease->leased)
        context_.store.release(std::move(leased.claim), leased.attempt, context_.clock.now(),
                               [self = shared_from_this()](const base::Result<bool>&) { self->context_.notify({self->settings_.sink}); });
    }
    return stop_if_idle();
  }
  if (!lease && lease.error().code != base::ErrorCode::unavailable) {
    settings_.budget->give_back(asked);
    log_.error("the store refuses to lease; nothing is sent until it does: please report this, and restart",
               {{"sink", settings_.sink}, {"error", lease.error().message}});
    return wake_at(context_.clock.now() + kRefusedLease);
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
  report_unreadable(lease->unreadable);
  const auto got = lease->leased.size() + lease->unreadable.size();
  std::size_t used = 0;
  for (auto& leased : lease->leased) used += take(std::move(leased)) ? 1 : 0;
  settings_.budget->give_back(asked - used);
  probing_ = on_probation() && used > 0;
  if (pump_again_ || got == asked) return pump();
  if (lease->next_ready) next_may_begin_ = *lease->next_ready;
  if (lease->next_ready && bytes_left() > 0) wake_at(*lease->next_ready);
}

// Whether it used the room that was taken for it.
bool Lane::take(store::Leased leased) {
  const auto now = context_.clock.now();
  const bool expired = leased.attempt == 0 && leased.delivery.expires_at <= now;
  if (!expired) {
    const auto wait = settings_.budget->take(leased.delivery.destination.key(), context_.clock.steady());
    if (wait.count() > 0) {
      if (on_probation()) until_ = now + wait;  // the probe waits as well
      context_.store.release(std::move(leased.claim), leased.attempt, now + wait,
                             [self = shared_from_this()](const base::Result<bool>&) { self->notify(); });
      return false;
    }
  }
  ++in_flight_;
  bytes_in_flight_ += leased.bytes;
  publish();
  if (context_.write) context_.write(leased);
  render::mark_sensitive(leased);
  const bool can_reconcile = channel_ && channel_->can_reconcile() && state_ != LaneState::hung;
  const auto sinks = context_.sinks();
  const bool given_up = settings_.gave_up && settings_.gave_up(leased.delivery.id);
  auto attempt =
      std::make_shared<Attempt>(Attempt{sinks, AttemptMachine({std::move(leased), can_reconcile, sinks.get(), given_up}), {}, given_up});
  resume(attempt, event::Start{});
  return !expired;
}

// A parked lane still lets time pass: what is too old goes to its fallback, or becomes a dead letter that somebody sees.
void Lane::look_for_expired() {
  if (stopping_) return;
  expiry_timer_.arm(kExpiryCheck, [this] { look_for_expired(); });
  more_expired_ = bytes_left() == 0;
  if (more_expired_) return;
  const auto now = context_.clock.now();
  context_.store.lease_expired({settings_.sink, kExpiredAtOnce, now, lease_time(), false, bytes_left()},
                               [self = shared_from_this()](base::Result<store::Lease> lease) {
                                 self->strand_.post([self, lease = std::move(lease)]() mutable { self->on_expired(std::move(lease)); });
                               });
}

void Lane::on_expired(base::Result<store::Lease> lease) {
  if (!lease) {
    if (lease.error().code != base::ErrorCode::unavailable)
      log_.error("the store refuses to look for what has expired; please report this",
                 {{"sink", settings_.sink}, {"error", lease.error().message}});
    return;
  }
  report_unreadable(lease->unreadable);
  const auto got = lease->leased.size() + lease->unreadable.size();
  for (auto& leased : lease->leased) take(std::move(leased));
  if (got == 0 || stopping_) return;
  expiry_timer_.arm(kExpiredMore, [this] { look_for_expired(); });
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
  std::visit(base::Overloaded{
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
                           if (number.error().code != base::ErrorCode::unavailable) {
                             model::Outcome outcome{.code = model::OutcomeCode::rejected};
                             return self->refused(attempt, {.outcome = std::move(outcome)}, number.error());
                           }
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
  attempted_at_ = context_.clock.now();
  // Shared with the attempt, whose machine changes nothing of it from here on.
  const std::shared_ptr<const model::Message> message(attempt, &leased);
  plugin::Send send{message, send_action.attempt, settings_.timeout, ""};
  log_.debug("attempt begins", {{"sink", settings_.sink}, {"delivery", leased.delivery.id}, {"attempt", send_action.attempt}});
  channel_->deliver(std::move(send), [self = shared_from_this(), attempt, number = send_action.attempt](plugin::SendOutcome outcome) {
    self->strand_.post([self, attempt, number, outcome = std::move(outcome)]() mutable {
      if (outcome.never_began) return self->give_back(attempt, number);
      const auto took = std::chrono::duration_cast<base::Millis>(self->context_.clock.steady() - attempt->sent_at);
      self->context_.metrics.attempt_ended(self->settings_.sink, model::to_string(outcome.code), outcome.reason, took);
      self->log_.debug("attempt ended", {{"sink", self->settings_.sink},
                                         {"delivery", attempt->machine.leased().delivery.id},
                                         {"attempt", number},
                                         {"outcome", model::to_string(outcome.code)},
                                         {"reason", outcome.reason},
                                         {"detail", outcome.detail},
                                         {"took", took}});
      self->judge(outcome);
      self->resume(attempt, event::Ended{std::move(outcome)});
    });
  });
}

void Lane::reconcile(const std::shared_ptr<Attempt>& attempt) {
  const auto& leased = attempt->machine.leased();
  plugin::Send send{std::make_shared<const model::Message>(leased), std::max(1U, leased.delivery.attempts), reconcile_time(), ""};
  channel_->reconcile(std::move(send), [self = shared_from_this(), attempt](plugin::SendOutcome outcome) {
    self->strand_.post([self, attempt, outcome = std::move(outcome)]() mutable {
      if (outcome.never_began) return self->give_back(attempt, 0);
      self->resume(attempt, event::Reconciled{std::move(outcome)});
    });
  });
}

void Lane::give_back(const std::shared_ptr<Attempt>& attempt, std::uint32_t number) {
  const auto& leased = attempt->machine.leased();
  if (number != 0) settings_.budget->give_back(1);
  log_.debug("the plugin has not begun with a delivery; it waits on", {{"sink", settings_.sink}, {"delivery", leased.delivery.id}});
  context_.store.release(
      leased.claim, number, context_.clock.now() + kGivenBack,
      [self = shared_from_this(), attempt, number](const base::Result<bool>& released) {
        self->strand_.post([self, attempt, number, released] {
          // Stopping, its lease ends by itself; it is then in doubt, which costs nothing but a mark.
          if (released || (self->stopping_ && !self->making_way_)) return self->ended(attempt);
          if (released.error().code == base::ErrorCode::unavailable)
            return self->retry_later([self, attempt, number] { self->give_back(attempt, number); });
          self->log_.error(
              "the store refuses to take a delivery back: it is in doubt until its lease is over; please report this",
              {{"sink", self->settings_.sink}, {"delivery", attempt->machine.leased().delivery.id}, {"error", released.error().message}});
          self->ended(attempt);
        });
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
      if (result.error().code != base::ErrorCode::unavailable) return self->refused(attempt, finish_action.finish, result.error());
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
  if (attempt->given_up) {
    if (result.applied && settings_.ended_given_up) settings_.ended_given_up(finish_action.finish.delivery_id);
  } else if (attempted) {
    apply_to_lane(finish_action);
  } else if (probing_) {
    until_ = context_.clock.now() + probe_interval_;  // it could not be seen whether an earlier attempt arrived
  }
  ended(attempt);
}

// What the store refuses about one delivery it would refuse again: the delivery ends as simply as it can, so that what waits behind it goes
// on. What has arrived stays delivered.
void Lane::refused(const std::shared_ptr<Attempt>& attempt, store::Finish finish, const base::Error& error) {
  const auto& leased = attempt->machine.leased();
  log_.error("the store refuses what is to be recorded of a delivery; please report this",
             {{"sink", settings_.sink}, {"delivery", leased.delivery.id}, {"error", error.message}});
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
        self->report(attempt->machine.leased(), finish);
        if (attempt->given_up && self->settings_.ended_given_up) self->settings_.ended_given_up(finish.delivery_id);
      }
      if (result || (self->stopping_ && !self->making_way_)) return self->ended(attempt);
      if (result.error().code == base::ErrorCode::unavailable)
        return self->retry_later([self, attempt, finish, error] { self->refused(attempt, finish, error); });
      self->log_.error("the delivery cannot be ended either: it is in doubt until its lease is over, then it is looked at again",
                       {{"sink", self->settings_.sink}, {"delivery", finish.delivery_id}, {"error", result.error().message}});
      self->ended(attempt);
    });
  });
}

void Lane::report_unreadable(const std::vector<model::Delivery>& deliveries) {
  for (const auto& delivery : deliveries) {
    context_.metrics.dead_letter(settings_.sink);
    context_.metrics.delivery_ended(settings_.sink, model::to_string(delivery.state), delivery.last_reason, std::nullopt);
    log_.error("a stored delivery cannot be read and is a dead letter now; look at it, then discard it",
               {{"sink", settings_.sink},
                {"delivery", delivery.id},
                {"notification", delivery.notification_id},
                {"detail", delivery.last_detail}});
  }
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
      base::Overloaded{
          [&](const store::Done&) {
            const auto received = leased.items.empty() ? delivery.created_at : leased.items.front().received_at;
            context_.metrics.delivery_ended(sink, "delivered", outcome.reason, std::max(base::Millis(0), finish.now - received));
            log_.info("delivered",
                      {{"sink", sink}, {"delivery", delivery.id}, {"notification", delivery.notification_id}, {"attempt", finish.attempt}});
          },
          [&](const store::RetryAt& retry) {
            if (retry.possible_duplicate && !delivery.possible_duplicate) mark(delivery);
            log_.debug("will be tried again", {{"sink", sink},
                                               {"delivery", delivery.id},
                                               {"outcome", model::to_string(outcome.code)},
                                               {"reason", outcome.reason},
                                               {"at", base::to_rfc3339(base::to_wall(context_.clock, retry.at))}});
          },
          [&](const store::FallBack& fall_back) { gave_up(fall_back.state, "fallback"); },
          [&](const store::DeadLetter& dead) {
            context_.metrics.dead_letter(sink);
            gave_up(dead.state, "dead letter");
          },
      },
      finish.next);
}

void Lane::ended(const std::shared_ptr<Attempt>& attempt) {
  --in_flight_;
  bytes_in_flight_ -= attempt->machine.leased().bytes;
  probing_ = false;
  publish();
  if (!stopping_) {
    if (more_expired_ && bytes_left() > 0) look_for_expired();
    return pump();
  }
  context_.notify({settings_.sink});  // the next of that recipient is for the lane that has taken this one's place
  stop_if_idle();
}

// ---- the lane's own state ---------------------------------------------------------------------------------------------------

// What is cut short by the end of the lane is nobody's outage.
void Lane::judge(const model::Outcome& outcome) {
  if (stopping_) return;
  using Kind = Outage::News::Kind;
  const bool was_open = outage_.open();
  const auto news = outage_.ended(outcome, context_.clock.now());
  if (news.kind == Kind::begins || news.kind == Kind::goes_on) {
    log_.warn(news.kind == Kind::begins ? "sink is unreachable; its deliveries are kept and tried again by themselves"
                                        : "sink is still unreachable",
              {{"sink", settings_.sink},
               {"reason", outcome.reason},
               {"detail", outcome.detail},
               {"attempts", news.attempts},
               {"for", news.lasted}});
  } else if (news.kind == Kind::ends) {
    log_.info("sink is reachable again", {{"sink", settings_.sink}, {"attempts", news.attempts}, {"after", news.lasted}});
  }
  if (was_open || outage_.open()) publish();
}

void Lane::apply_to_lane(const action::Finish& finish_action) {
  const auto& outcome = finish_action.finish.outcome;
  if (finish_action.park_lane) return park({outcome.reason, outcome.detail}, context_.clock.now());
  if (finish_action.pause && finish_action.pause->what != policy::Pause::What::recipient_queue) {
    const auto until = finish_action.pause->until;
    if (finish_action.pause->what == policy::Pause::What::account)
      settings_.budget->pause(until - context_.clock.now(), context_.clock.steady());
    if (on_probation() || state_ == LaneState::hung) return;
    return pause({outcome.reason, outcome.detail}, until);
  }
  if (on_probation()) {
    open("an attempt went through");
    context_.store.wake(settings_.sink, context_.clock.now(),
                        [self = shared_from_this()](const base::Result<std::size_t>&) { self->notify(); });
  }
}

void Lane::pause(ParkReason reason, base::Timestamp until) {
  until_ = until_ ? std::max(*until_, until) : until;
  state_ = LaneState::paused;
  why_ = std::move(reason);
  log_.warn("sink is paused",
            {{"sink", settings_.sink}, {"reason", why_.reason}, {"until", base::to_rfc3339(base::to_wall(context_.clock, *until_))}});
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

bool Lane::can_release() const {
  const auto state = shown_state();
  if (state == LaneState::crashed) return true;
  return channel_ && (state == LaneState::paused || state == LaneState::parked || state == LaneState::unreachable);
}

void Lane::release(std::move_only_function<void(Released)> done) {
  strand_.post([self = shared_from_this(), done = std::move(done)]() mutable { done(self->try_now()); });
}

Released Lane::try_now() {
  const auto was = shown_state();
  if (was == LaneState::crashed && !channel_ && settings_.on_release) {
    log_.warn("sink is released by an operator", {{"sink", settings_.sink}, {"state", to_string(was)}, {"reason", why_.reason}});
    settings_.on_release();
    return {true, was, "its plugin is tried in a process of its own now, and then with one delivery"};
  }
  if (!channel_) return {false, was, "it could not be started (" + why_.detail + "); correct that and run: belfry reload"};
  if (state_ == LaneState::hung) return {false, was, "a call into its plugin has not returned; restart the gateway to end it"};
  log_.warn("sink is released by an operator", {{"sink", settings_.sink}, {"state", to_string(was)}, {"reason", why_.reason}});
  settings_.budget->end_pauses();
  channel_->end_pauses();
  if (state_ == LaneState::paused) open("an operator has ended the pause");
  if (on_probation()) {
    probe_interval_ = settings_.first_probe;
    until_ = context_.clock.now();
    publish();
  }
  context_.store.wake(settings_.sink, context_.clock.now(),
                      [self = shared_from_this()](const base::Result<std::size_t>&) { self->notify(); });
  pump();
  return {true, was,
          was == LaneState::parked || was == LaneState::crashed ? "one delivery is tried now; if it goes through, the others follow"
                                                                : "its deliveries are tried now"};
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
  // Behind what was given back before it.
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
