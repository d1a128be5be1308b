#include "plugin/contract/http_args.hpp"

#include <algorithm>

#include "plugin/contract/abi.hpp"

namespace belfry::plugin {
namespace {

bool is_header_value(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F; });
}

}  // namespace

std::uint32_t http_error_code(net::ClientError::Kind kind) {
  using Kind = net::ClientError::Kind;
  switch (kind) {
    case Kind::invalid_url: return BELFRY_HTTP_INVALID;
    case Kind::resolve: return BELFRY_HTTP_RESOLVE;
    case Kind::connect: return BELFRY_HTTP_CONNECT;
    case Kind::tls: return BELFRY_HTTP_TLS;
    case Kind::timeout: return BELFRY_HTTP_TIMEOUT;
    case Kind::closed: return BELFRY_HTTP_CLOSED;
    case Kind::too_large: return BELFRY_HTTP_TOO_LARGE;
    case Kind::bad_response: return BELFRY_HTTP_MALFORMED;
    case Kind::refused: return BELFRY_HTTP_REFUSED;
    case Kind::cancelled: break;
  }
  return BELFRY_HTTP_CLOSED;
}

bool is_http_token(std::string_view text) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";  // RFC 9110 section 5.6.2, tchar
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || kOthers.find(c) != std::string_view::npos;
  });
}

std::expected<net::Headers, std::string> read_headers(const belfry_http_header* headers, std::uint32_t count) {
  if (count > BELFRY_MAX_HTTP_HEADERS || (count != 0 && headers == nullptr))
    return std::unexpected("the headers are missing, or there are more than 256");
  net::Headers read;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::string_view name = view(headers[i].name);
    const std::string_view value = view(headers[i].value);
    if (!is_http_token(name) || !is_header_value(value)) return std::unexpected("a header has characters that HTTP forbids");
    read.add(std::string(name), std::string(value));
  }
  return read;
}

}  // namespace belfry::plugin
