// The inbound requests of one sink (inbound-http/1): the plugin verifies each one, then handles it and replies by its ticket.
// Thread rule: handle() and reply() on any thread; the table is set before the first of them.
// Ownership: a member of PluginInstance, which the queued work keeps alive.
#pragma once
#include <belfry/plugin.h>

#include <vector>

#include "net/server/router.hpp"
#include "plugin/contract/inbound_route.hpp"
#include "plugin/run/tickets.hpp"

namespace belfry::plugin {

class PluginInstance;

class InboundCalls {
 public:
  explicit InboundCalls(PluginInstance& instance) : instance_(instance) {}

  void set(const belfry_sink_inbound_http& table, std::vector<InboundRoute> routes);
  [[nodiscard]] const std::vector<InboundRoute>& routes() const { return routes_; }

  // Replies 503 when the plugin is hung or stopped, or does not reply in time.
  void handle(net::ServerRequest request, net::Reply reply);
  // The plugin replies.
  void reply(Ticket ticket, const belfry_inbound_reply* reply);

 private:
  void dispatch(Ticket ticket, base::SteadyTime deadline, const net::ServerRequest& request);

  PluginInstance& instance_;
  belfry_sink_inbound_http table_{};
  std::vector<InboundRoute> routes_;
};

}  // namespace belfry::plugin
