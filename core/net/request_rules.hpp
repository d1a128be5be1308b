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

// Finds a line of a head that begins with white space: an obsolete continuation of the line before, which a server refuses (RFC 9112
// section 5.2). Takes the head in pieces.
class FoldedLines {
 public:
  [[nodiscard]] bool found_in(std::string_view piece);

 private:
  bool line_begins_ = false;
};

[[nodiscard]] bool wants_continue(const Headers& headers);

}  // namespace belfry::net
