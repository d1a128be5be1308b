// Owns the lanes of the gateway, one per sink, and wakes the lanes of the sinks that have work.
// Thread rule: make_lane() and replace_lanes() from one thread, the rest from any thread.
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

  // Creates a lane without starting it. For a sink that cannot run, pass the reason instead of a channel: its lane stays parked and keeps
  // its deliveries.
  [[nodiscard]] std::shared_ptr<Lane> make_lane(LaneSettings settings,
                                                std::expected<std::shared_ptr<plugin::Channel>, ParkReason> channel) const;
  // Switches to `lanes`. New lanes start at once. Lanes that are no longer listed lease nothing more, let their attempts end and stop their
  // plugins, while their replacements already work.
  void replace_lanes(const std::vector<std::shared_ptr<Lane>>& lanes, SinkTraitsMap sinks, TemplateWriter write = {});

  void notify(const std::vector<std::string>& sinks);
  [[nodiscard]] std::vector<LaneStatus> status() const;

  // Makes the sink try now, on an operator's request (Lane::release), and with it the paused sinks that use the same account. Returns
  // false, without calling `done`, if there is no such sink.
  [[nodiscard]] bool release(const std::string& sink, std::move_only_function<void(ReleaseResult)> done);

  // Leases nothing more, lets attempts in flight end and stops the plugins. Calls `done` afterwards, or after `timeout`.
  void stop(base::Millis timeout, net::Task done);

 private:
  [[nodiscard]] std::shared_ptr<Lane> lane_of(const std::string& sink) const;

  LaneContext context_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Lane>> lanes_;
  std::set<std::shared_ptr<Lane>> draining_;
  std::shared_ptr<const SinkTraitsMap> sinks_ = std::make_shared<const SinkTraitsMap>();
  std::shared_ptr<const TemplateWriter> template_writer_ = std::make_shared<const TemplateWriter>();
};

}  // namespace belfry::delivery
