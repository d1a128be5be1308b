// All lanes of the gateway. Knows which sink has a lane and passes "there is something to do" on.
// Thread rule: any thread after start().
#pragma once
#include <expected>
#include <map>
#include <memory>
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

  // Before start(). A sink that cannot run gets the reason instead of a channel: its lane stays parked and keeps everything.
  void add(LaneSettings settings, std::expected<std::shared_ptr<plugin::Channel>, ParkReason> channel);
  void start();

  void notify(const std::vector<std::string>& sinks);
  [[nodiscard]] std::vector<LaneStatus> status() const;

  // Takes nothing new, lets attempts in flight end, stops the plugins; `done` after that or after `most`.
  void stop(base::Millis most, net::Task done);

 private:
  LaneContext context_;
  std::map<std::string, std::shared_ptr<Lane>> lanes_;
};

}  // namespace belfry::delivery
