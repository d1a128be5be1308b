#include "delivery/dispatcher.hpp"

#include "base/run_with_retries.hpp"

namespace belfry::delivery {
namespace {

// Longer than an attempt and a reconciliation usually take together. Nothing waits for it.
constexpr base::Millis kDrainTimeout{60'000};

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
  context_.apply_template = [this](model::Message& message) {
    const auto write = [this] {
      const std::lock_guard lock(mutex_);
      return template_writer_;
    }();
    if (*write) (*write)(message);
  };
}

Dispatcher::~Dispatcher() = default;

std::shared_ptr<Lane> Dispatcher::make_lane(LaneSettings settings,
                                            std::expected<std::shared_ptr<plugin::Channel>, ParkReason> channel) const {
  return std::make_shared<Lane>(std::move(settings), context_, std::move(channel));
}

void Dispatcher::replace_lanes(const std::vector<std::shared_ptr<Lane>>& lanes, SinkTraitsMap sinks, TemplateWriter write) {
  std::map<std::string, std::shared_ptr<Lane>> next;
  for (const auto& lane : lanes) next[lane->sink()] = lane;
  auto plans = std::make_shared<const SinkTraitsMap>(std::move(sinks));
  auto writer = std::make_shared<const TemplateWriter>(std::move(write));
  std::vector<std::shared_ptr<Lane>> gone, fresh;
  {
    const std::lock_guard lock(mutex_);
    gone = missing_from(next, lanes_);
    fresh = missing_from(lanes_, next);
    draining_.insert(gone.begin(), gone.end());
    // Nothing throws from here until the lock is released, so that the switch is all or nothing.
    sinks_.swap(plans);
    template_writer_.swap(writer);
    lanes_.swap(next);
  }
  const auto failed = [this](const std::string& sink) {
    return [this, sink](const std::exception_ptr& failure) {
      context_.log.error("cannot replace a lane", {{"sink", sink}, {"why", base::exception_message(failure)}});
    };
  };
  for (const auto& lane : gone) {
    base::run_with_retries(
        [&] {
          lane->drain(kDrainTimeout, [this, lane] {
            const std::lock_guard lock(mutex_);
            draining_.erase(lane);
          });
        },
        failed(lane->sink()));
  }
  for (const auto& lane : fresh) base::run_with_retries([&] { lane->start(); }, failed(lane->sink()));
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

bool Dispatcher::release(const std::string& sink, std::move_only_function<void(ReleaseResult)> done) {
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
  for (const auto& lane : others) lane->release([](const ReleaseResult&) {});
  return true;
}

void Dispatcher::stop(base::Millis timeout, net::Task done) {
  std::vector<std::shared_ptr<Lane>> all;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, lane] : lanes_) all.push_back(lane);
    all.insert(all.end(), draining_.begin(), draining_.end());
  }
  if (all.empty()) return done();
  const auto waiting = std::make_shared<std::atomic<std::size_t>>(all.size());
  const auto shared_done = std::make_shared<net::Task>(std::move(done));
  for (const auto& lane : all) {
    lane->stop(timeout, [waiting, shared_done] {
      if (--*waiting == 0) (*shared_done)();
    });
  }
}

}  // namespace belfry::delivery
