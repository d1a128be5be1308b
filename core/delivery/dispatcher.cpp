#include "delivery/dispatcher.hpp"

namespace belfry::delivery {
namespace {

// Longer than an attempt, and looking for what one before has left, usually take. Nobody waits for it.
constexpr base::Millis kMakingWay{60'000};

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
  std::vector<std::shared_ptr<Lane>> gone, fresh;
  {
    const std::lock_guard lock(mutex_);
    sinks_ = std::make_shared<const SinkPlans>(std::move(sinks));
    write_ = std::make_shared<const Writer>(std::move(write));
    next.swap(lanes_);
    for (const auto& [sink, lane] : next) {
      const auto now = lanes_.find(sink);
      if (now == lanes_.end() || now->second != lane) gone.push_back(lane);
    }
    for (const auto& [sink, lane] : lanes_) {
      const auto before = next.find(sink);
      if (before == next.end() || before->second != lane) fresh.push_back(lane);
    }
    leaving_.insert(gone.begin(), gone.end());
  }
  for (const auto& lane : gone) {
    lane->make_way(kMakingWay, [this, lane] {
      const std::lock_guard lock(mutex_);
      leaving_.erase(lane);
    });
  }
  for (const auto& lane : fresh) lane->start();
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
