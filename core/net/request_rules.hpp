// What a request head must satisfy beyond its grammar, so that no two readers of it can disagree about where it ends. Private to
// core/net. Pure.
#pragma once
#include <optional>

#include "net/message_parser.hpp"

namespace belfry::net {

// Moves method and headers out of the parser, and cuts the target into path and query.
[[nodiscard]] ServerRequest take_request(RequestParser& parser);

// The answer to a head that cannot be accepted (400, 417, 501). After any of them the connection is closed.
[[nodiscard]] std::optional<ServerResponse> refuse_head(const ServerRequest& request, int version);

[[nodiscard]] bool wants_continue(const Headers& headers);

}  // namespace belfry::net
