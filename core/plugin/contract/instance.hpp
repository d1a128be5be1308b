// One running instance of a plugin, serving one sink. Calls into the plugin never overlap, are watched, and are never made from inside the
// plugin's own call into the host. Every ticket has a deadline.
// Thread rule: any thread, except that render() blocks and must not run on a thread of the plugin pool. Handlers run on the net pool.
// Ownership: an instance keeps itself alive until stop() has completed; one that is dropped without stop() is never freed.
#pragma once
#include <string>
#include <vector>

#include "net/server/router.hpp"
#include "plugin/contract/channel.hpp"
#include "plugin/contract/finding.hpp"
#include "plugin/contract/inbound_route.hpp"

namespace belfry::plugin {

using FindingsHandler = std::move_only_function<void(std::vector<Finding>)>;

class Instance : public Channel {
 public:
  [[nodiscard]] virtual const std::string& sink() const = 0;
  [[nodiscard]] virtual Health health() const = 0;

  // Empty when the plugin accepts no requests from outside.
  [[nodiscard]] virtual const std::vector<InboundRoute>& inbound_routes() const = 0;
  // The plugin verifies the request, then handles it. Replies 503 when the plugin is hung or stopped, or does not reply in time.
  virtual void handle_inbound(net::ServerRequest request, net::Reply reply) = 0;

  [[nodiscard]] virtual bool can_render() const = 0;
  // Returns the requests that deliver() would send, as an array of {"method", "url", "headers", "body"}. Sends nothing.
  [[nodiscard]] virtual base::Result<nlohmann::json> render(SendRequest send) = 0;

  [[nodiscard]] virtual bool can_check_online() const = 0;
  // Checks with the remotes whether the configuration will work. Requires an instance that was opened for a check. A check that has not
  // completed within `timeout` yields an error.
  virtual void check_online(base::Millis timeout, FindingsHandler handler) = 0;
};

}  // namespace belfry::plugin
