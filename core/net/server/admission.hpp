// A request handler that can refuse a request by its head alone. The server calls `admit` before it reads the body, so that a refused
// client cannot make it read or buffer one. The handler calls it again, since the body may have taken long to arrive, and permissions may
// have changed: a refused request is never handled.
// Thread rule: any thread, like every handler.
#pragma once
#include <functional>
#include <optional>
#include <utility>

#include "net/server/router.hpp"

namespace belfry::net {

struct AdmittingHandler {
  // Returns the response to a refused request; none: admitted.
  using Admit = std::function<std::optional<ServerResponse>(const ServerRequest&)>;

  Admit admit;
  RequestHandler handle;

  void operator()(ServerRequest request, Reply reply) const {
    if (auto refused = admit(request)) return reply(*std::move(refused));
    handle(std::move(request), std::move(reply));
  }
};

// Null: the route admits every request.
[[nodiscard]] inline const AdmittingHandler* admission_of(const HttpRoute& route) { return route.handler.target<AdmittingHandler>(); }

}  // namespace belfry::net
