// A request handler that judges a request from its head. The server asks it before the body is read, so that nobody who is refused can
// make the server read or keep one. Called as any other handler it judges as well: what it refuses is never handled.
// Thread rule: as every handler, any thread.
#pragma once
#include <functional>
#include <optional>
#include <utility>

#include "net/router.hpp"

namespace belfry::net {

struct AdmittingHandler {
  // The answer to a request that is not admitted.
  using Admit = std::function<std::optional<ServerResponse>(const ServerRequest&)>;

  Admit admit;
  RequestHandler handle;

  void operator()(ServerRequest request, Reply reply) const {
    if (auto refused = admit(request)) return reply(*std::move(refused));
    handle(std::move(request), std::move(reply));
  }
};

// Null: the route admits every request.
[[nodiscard]] inline const AdmittingHandler* admission_of(const Route& route) { return route.handler.target<AdmittingHandler>(); }

}  // namespace belfry::net
