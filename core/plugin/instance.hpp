// One running instance of a plugin behind one sink. Never calls the plugin from inside the plugin's own call into the host; one call at a
// time; a deadline on every ticket; a watch on every call.
// Thread rule: any thread, but render() blocks and must not be called on a thread of the plugin pool. Handlers run on the net pool.
// Ownership: the instance keeps itself alive until stop() has ended; one that is let go without stop() stays for ever.
#pragma once
#include <string>
#include <vector>

#include "net/router.hpp"
#include "plugin/channel.hpp"
#include "plugin/inbound_route.hpp"
#include "plugin/problem.hpp"

namespace belfry::plugin {

using FindingsHandler = std::move_only_function<void(std::vector<Problem>)>;

class Instance : public Channel {
 public:
  [[nodiscard]] virtual const std::string& sink() const = 0;
  [[nodiscard]] virtual Health health() const = 0;

  // Empty when the plugin takes no requests from outside.
  [[nodiscard]] virtual const std::vector<InboundRoute>& inbound_routes() const = 0;
  // Verified by the plugin, then handled. 503 when it is hung or stopped or does not reply in time.
  virtual void handle_inbound(net::ServerRequest request, net::Reply reply) = 0;

  [[nodiscard]] virtual bool can_render() const = 0;
  // The requests that deliver would send: an array of {"method", "url", "headers", "body"}. Sends nothing.
  [[nodiscard]] virtual base::Result<nlohmann::json> render(Send send) = 0;

  [[nodiscard]] virtual bool can_check_online() const = 0;
  // Asks the remotes whether what is configured will work; of an instance that was opened to check. One that does not end by `most` has an
  // error that says so.
  virtual void check_online(base::Millis most, FindingsHandler handler) = 0;
};

}  // namespace belfry::plugin
