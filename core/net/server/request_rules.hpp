// Rules for a request head beyond its grammar, so that no two parsers can disagree about where the request ends. Private to core/net. Pure.
#pragma once
#include <optional>

#include "net/http_parser.hpp"

namespace belfry::net {

// Moves the method and headers out of the parser, and splits the target into path and query.
[[nodiscard]] ServerRequest take_request(RequestParser& parser);

// Returns the response to an unacceptable head (400, 417, 501); the connection must close after it. None: acceptable. `target`: as
// received.
[[nodiscard]] std::optional<ServerResponse> refuse_head(const ServerRequest& request, std::string_view target, int version);

// Detects obsolete line folding, a header line that begins with white space, which a server refuses (RFC 9112 section 5.2).
// Takes the head in pieces.
class ObsFoldDetector {
 public:
  [[nodiscard]] bool feed(std::string_view piece);

 private:
  bool line_begins_ = false;
};

[[nodiscard]] bool wants_continue(const Headers& headers);

}  // namespace belfry::net
