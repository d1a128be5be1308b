// HTTP/1.1 messages as bytes. Private to core/net. Pure, but for the time in http_date().
#pragma once
#include <ctime>
#include <string>

#include "net/http.hpp"

namespace belfry::net {

// RFC 9110 section 5: what may stand in a header. Nothing that passes can end the line it stands on.
[[nodiscard]] bool is_token(std::string_view text);
[[nodiscard]] bool is_field_value(std::string_view text);

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 section 5.6.7).
[[nodiscard]] std::string http_date(std::time_t time);

struct ResponseFraming {
  bool head_only = false;  // the request was HEAD
  bool keep_alive = true;
  bool http_1_0 = false;  // the request was
  std::string_view date;
};

// False when a status or header cannot be sent as it is.
[[nodiscard]] bool is_sendable(const ServerResponse& response);

void append_response(std::string& out, const ServerResponse& response, const ResponseFraming& framing);

// `headers` without those that say how the message is framed, which are the client's.
void append_request(std::string& out, std::string_view method, std::string_view target, std::string_view host, const Headers& headers,
                    std::string_view body);

}  // namespace belfry::net
