// Argument and result conversions shared by http-client/1 and websocket/1.
// Thread rule: any thread; all functions are pure.
#pragma once
#include <belfry/plugin.h>

#include <expected>
#include <string>

#include "net/client/http_client.hpp"

namespace belfry::plugin {

[[nodiscard]] std::uint32_t http_error_code(net::ClientError::Kind kind);

[[nodiscard]] bool is_http_token(std::string_view text);  // RFC 9110 section 5.6.2

// Copies the headers, at most 256. The error is one sentence.
[[nodiscard]] std::expected<net::Headers, std::string> read_headers(const belfry_http_header* headers, std::uint32_t count);

}  // namespace belfry::plugin
