// All lanes of the gateway. Knows which sink has a lane and passes "there is something to do" on.
// Thread rule: make and use from one thread, the rest from any.
#pragma once
#include <expected>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "delivery/lane.hpp"

namespace belfry::delivery {

class Dispatcher {
 public:
  explicit Dispatcher(LaneContext context);
  ~Dispatcher();
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  // A lane that does not run yet. A sink that cannot run gets the reason instead of a channel: its lane stays parked and keeps everything.
  [[nodiscard]] std::shared_ptr<Lane> make(LaneSettings settings,
                                           std::expected<std::shared_ptr<plugin::Channel>, ParkReason> channel) const;
  // From now on these lanes. New ones start; those that are not among them take nothing more, let their attempts end and stop their
  // plugins, while the one that takes their place works already.
  void use(const std::vector<std::shared_ptr<Lane>>& lanes, SinkPlans sinks, Writer write = {});

  void notify(const std::vector<std::string>& sinks);
  [[nodiscard]] std::vector<LaneStatus> status() const;

  // A person wants the sink to try now (Lane::release); so do the paused ones that send with the same account. False: there is no such
  // sink, and `done` is not called.
  [[nodiscard]] bool release(const std::string& sink, std::move_only_function<void(Released)> done);

  // Takes nothing new, lets attempts in flight end, stops the plugins; `done` after that or after `most`.
  void stop(base::Millis most, net::Task done);

 private:
  [[nodiscard]] std::shared_ptr<Lane> lane_of(const std::string& sink) const;

  LaneContext context_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Lane>> lanes_;
  std::set<std::shared_ptr<Lane>> leaving_;
  std::shared_ptr<const SinkPlans> sinks_ = std::make_shared<const SinkPlans>();
  std::shared_ptr<const Writer> write_ = std::make_shared<const Writer>();
};

}  // namespace belfry::delivery
