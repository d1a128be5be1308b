#include "delivery/dispatcher.hpp"

#include "base/insist.hpp"

namespace belfry::delivery {
namespace {

// Longer than an attempt, and looking for what one before has left, usually take. Nobody waits for it.
constexpr base::Millis kMakingWay{60'000};

using Lanes = std::map<std::string, std::shared_ptr<Lane>>;

std::vector<std::shared_ptr<Lane>> missing_from(const Lanes& these, const Lanes& of) {
  std::vector<std::shared_ptr<Lane>> missing;
  for (const auto& [sink, lane] : of) {
    const auto found = these.find(sink);
    if (found == these.end() || found->second != lane) missing.push_back(lane);
  }
  return missing;
}

}  // namespace

Dispatcher::Dispatcher(LaneContext context) : context_(std::move(context)) {
  context_.notify = [this](const std::vector<std::string>& sinks) { notify(sinks); };
  context_.sinks = [this] {
    const std::lock_guard lock(mutex_);
    return sinks_;
  };
  context_.write = [this](model::Message& message) {
    const auto write = [this] {
      const std::lock_guard lock(mutex_);
      return write_;
    }();
    if (*write) (*write)(message);
  };
}

Dispatcher::~Dispatcher() = default;

std::shared_ptr<Lane> Dispatcher::make(LaneSettings settings, std::expected<std::shared_ptr<plugin::Channel>, ParkReason> channel) const {
  return std::make_shared<Lane>(std::move(settings), context_, std::move(channel));
}

void Dispatcher::use(const std::vector<std::shared_ptr<Lane>>& lanes, SinkPlans sinks, Writer write) {
  std::map<std::string, std::shared_ptr<Lane>> next;
  for (const auto& lane : lanes) next[lane->sink()] = lane;
  auto plans = std::make_shared<const SinkPlans>(std::move(sinks));
  auto writer = std::make_shared<const Writer>(std::move(write));
  std::vector<std::shared_ptr<Lane>> gone, fresh;
  {
    const std::lock_guard lock(mutex_);
    gone = missing_from(next, lanes_);
    fresh = missing_from(lanes_, next);
    leaving_.insert(gone.begin(), gone.end());
    // Nothing throws from here to the end of the lock: it is all of the new, or all of what was there before.
    sinks_.swap(plans);
    write_.swap(writer);
    lanes_.swap(next);
  }
  const auto failed = [this](const std::string& sink) {
    return [this, sink](const std::exception_ptr& failure) {
      context_.log.error("a lane cannot be exchanged", {{"sink", sink}, {"why", base::what_of(failure)}});
    };
  };
  for (const auto& lane : gone) {
    base::insist(
        [&] {
          lane->make_way(kMakingWay, [this, lane] {
            const std::lock_guard lock(mutex_);
            leaving_.erase(lane);
          });
        },
        failed(lane->sink()));
  }
  for (const auto& lane : fresh) base::insist([&] { lane->start(); }, failed(lane->sink()));
}

std::shared_ptr<Lane> Dispatcher::lane_of(const std::string& sink) const {
  const std::lock_guard lock(mutex_);
  const auto lane = lanes_.find(sink);
  return lane == lanes_.end() ? nullptr : lane->second;
}

void Dispatcher::notify(const std::vector<std::string>& sinks) {
  for (const auto& sink : sinks) {
    if (const auto lane = lane_of(sink)) lane->notify();
  }
}

std::vector<LaneStatus> Dispatcher::status() const {
  const std::lock_guard lock(mutex_);
  std::vector<LaneStatus> all;
  for (const auto& [name, lane] : lanes_) all.push_back(lane->status());
  return all;
}

bool Dispatcher::release(const std::string& sink, std::move_only_function<void(Released)> done) {
  const auto wanted = lane_of(sink);
  if (!wanted) return false;
  std::vector<std::shared_ptr<Lane>> others;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, lane] : lanes_) {
      if (lane != wanted && lane->shares_account_with(*wanted) && lane->status().state == LaneState::paused) others.push_back(lane);
    }
  }
  wanted->release(std::move(done));
  for (const auto& lane : others) lane->release([](const Released&) {});
  return true;
}

void Dispatcher::stop(base::Millis most, net::Task done) {
  std::vector<std::shared_ptr<Lane>> all;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, lane] : lanes_) all.push_back(lane);
    all.insert(all.end(), leaving_.begin(), leaving_.end());
  }
  if (all.empty()) return done();
  const auto waiting = std::make_shared<std::atomic<std::size_t>>(all.size());
  const auto shared_done = std::make_shared<net::Task>(std::move(done));
  for (const auto& lane : all) {
    lane->stop(most, [waiting, shared_done] {
      if (--*waiting == 0) (*shared_done)();
    });
  }
}

}  // namespace belfry::delivery
