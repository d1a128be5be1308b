#include "plugin/host.hpp"

#include "plugin/run/plugin_instance.hpp"

namespace belfry::plugin {

Host::Host(HostParts parts)
    : parts_(std::move(parts)),
      budgets_(std::make_shared<RateLimiter>(parts_.net, parts_.clock)),
      threads_(std::make_shared<PluginThreads>(parts_.plugins, parts_.clock, parts_.log, parts_.limits)),
      offloads_(std::make_shared<OffloadPool>(parts_.offload)) {}

Host::~Host() {
  offloads_->close();
  budgets_->stop();
  threads_->stop();
}

std::shared_ptr<PluginInstance> Host::make(CheckedSink sink, std::shared_ptr<net::HttpClient> http,
                                           std::shared_ptr<net::WebSocketClient> websockets) {
  // Each instance gets its own range, so that a ticket of another instance is never mistaken for its own.
  constexpr unsigned kTicketBits = 40;
  const Ticket first = (++instances_ << kTicketBits) + 1;
  if (sink.scan_took > kScanContract) parts_.metrics.violation(sink.name, "slow_scan");
  return std::make_shared<PluginInstance>(
      InstanceParts{parts_.net, parts_.clock, parts_.log, parts_.scrubber, parts_.kv, parts_.recipients, parts_.metrics, budgets_, threads_,
                    offloads_, std::move(http), std::move(websockets), parts_.limits, first, parts_.stop, parts_.marks},
      std::move(sink));
}

base::Result<std::shared_ptr<Instance>> Host::open(CheckedSink sink, std::shared_ptr<net::HttpClient> http,
                                                   std::shared_ptr<net::WebSocketClient> websockets) {
  auto instance = make(std::move(sink), std::move(http), std::move(websockets));
  if (const auto opened = instance->open(); !opened) return std::unexpected(opened.error());
  return instance;
}

base::Result<std::shared_ptr<Instance>> Host::open_for_check(CheckedSink sink, std::shared_ptr<net::HttpClient> http,
                                                             std::shared_ptr<net::WebSocketClient> websockets) {
  auto instance = make(std::move(sink), std::move(http), std::move(websockets));
  if (const auto opened = instance->open_for_check(); !opened) return std::unexpected(opened.error());
  return instance;
}

std::shared_ptr<policy::SendBudget> Host::send_budget(const CheckedSink& sink, policy::SendRates rates) {
  return budgets_->send_budget(sink.secrets->owner(sink.account, sink.name), rates);
}

}  // namespace belfry::plugin
