#include "net/url.hpp"

#include <algorithm>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <charconv>

namespace belfry::net {

namespace {

// host_address() is percent-decoded and could otherwise put any byte into the Host header.
bool is_host(std::string_view host) {
  return !host.empty() && std::ranges::all_of(host, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '.' || c == '_' || c == ':';
  });
}

std::string bracketed(std::string host) {
  if (host.contains(':')) host.insert(0, 1, '[').push_back(']');
  return host;
}

}  // namespace

std::string Origin::text() const { return unix_socket.empty() ? bracketed(host) + ":" + port : unix_socket; }

base::Result<Url> parse_url(std::string_view text) {
  using base::ErrorCode;
  const auto parsed = boost::urls::parse_uri(text);
  if (!parsed) return base::fail(ErrorCode::invalid, "not an absolute URL");
  const auto& view = *parsed;
  Url url;
  if (view.scheme_id() == boost::urls::scheme::https)
    url.origin.tls = true;
  else if (view.scheme_id() != boost::urls::scheme::http)
    return base::fail(ErrorCode::invalid, "the URL must begin with http:// or https://");
  if (view.has_userinfo()) return base::fail(ErrorCode::invalid, "the URL must not contain a user name or password");
  url.origin.host = view.host_address();
  if (!is_host(url.origin.host)) return base::fail(ErrorCode::invalid, "the URL has no valid host");

  const std::string_view standard = url.origin.tls ? "443" : "80";
  url.origin.port = standard;
  if (view.has_port() && !view.port().empty()) {
    // Boost's port_number() wraps around for a large port.
    const std::string_view digits = view.port();
    std::uint16_t port = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (read.ec != std::errc{} || port == 0) return base::fail(ErrorCode::invalid, "the port of the URL must be 1 to 65535");
    url.origin.port = std::to_string(port);
  }
  url.authority = url.origin.port == standard ? bracketed(url.origin.host) : url.origin.text();
  url.target = std::string(view.encoded_path());
  if (url.target.empty()) url.target.push_back('/');
  if (view.has_query()) url.target.append("?").append(std::string_view(view.encoded_query()));
  return url;
}

}  // namespace belfry::net
