#include "delivery/dispatcher.hpp"

namespace belfry::delivery {

Dispatcher::Dispatcher(LaneContext context) : context_(std::move(context)) {
  context_.notify = [this](const std::vector<std::string>& sinks) { notify(sinks); };
}

Dispatcher::~Dispatcher() = default;

void Dispatcher::add(LaneSettings settings, std::expected<std::shared_ptr<plugin::Channel>, ParkReason> channel) {
  auto name = settings.sink;
  lanes_[name] = std::make_shared<Lane>(std::move(settings), context_, std::move(channel));
}

void Dispatcher::start() {
  for (const auto& [name, lane] : lanes_) lane->start();
}

void Dispatcher::notify(const std::vector<std::string>& sinks) {
  for (const auto& sink : sinks) {
    if (const auto lane = lanes_.find(sink); lane != lanes_.end()) lane->second->notify();
  }
}

std::vector<LaneStatus> Dispatcher::status() const {
  std::vector<LaneStatus> all;
  for (const auto& [name, lane] : lanes_) all.push_back(lane->status());
  return all;
}

void Dispatcher::stop(base::Millis most, net::Task done) {
  if (lanes_.empty()) return done();
  const auto waiting = std::make_shared<std::atomic<std::size_t>>(lanes_.size());
  const auto shared_done = std::make_shared<net::Task>(std::move(done));
  for (const auto& [name, lane] : lanes_) {
    lane->stop(most, [waiting, shared_done] {
      if (--*waiting == 0) (*shared_done)();
    });
  }
}

}  // namespace belfry::delivery
