// Serializes HTTP/1.1 messages. Private to core/net. Pure.
#pragma once
#include <ctime>
#include <string>

#include "net/http.hpp"

namespace belfry::net {

// Validate header names and values (RFC 9110 section 5). A valid name or value cannot end its header line.
[[nodiscard]] bool is_token(std::string_view text);
[[nodiscard]] bool is_field_value(std::string_view text);

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 section 5.6.7).
[[nodiscard]] std::string http_date(std::time_t time);

struct ResponseFraming {
  bool head_only = false;  // the request was HEAD
  bool keep_alive = true;
  bool http_1_0 = false;  // the request was HTTP/1.0
  std::string_view date;
};

// False: the status is not within 200 to 599, or a header is not valid.
[[nodiscard]] bool is_sendable(const ServerResponse& response);

void append_response(std::string& out, const ServerResponse& response, const ResponseFraming& framing);

// Leaves out the framing headers and Host of `headers`: the client sets them itself.
void append_request(std::string& out, std::string_view method, std::string_view target, std::string_view host, const Headers& headers,
                    std::string_view body);

}  // namespace belfry::net
