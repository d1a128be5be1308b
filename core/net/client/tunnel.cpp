#include "net/client/tunnel.hpp"

#include <openssl/evp.h>

#include <boost/asio/buffer.hpp>

#include "net/http_parser.hpp"

namespace belfry::net {

namespace {

constexpr std::string_view kEndOfHead = "\r\n\r\n";
constexpr std::string_view kProtocol = "HTTP/1.";

// CONNECT requires the port even if it is the default one.
std::string authority_of(const Origin& to) { return (to.host.contains(':') ? "[" + to.host + "]" : to.host) + ":" + to.port; }

std::string base64(const std::string& text) {
  std::string out((text.size() + 2) / 3 * 4 + 1, '\0');  // with the NUL that OpenSSL writes
  const auto size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), reinterpret_cast<const unsigned char*>(text.data()),
                                    static_cast<int>(text.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

// 0: not HTTP. `head` must be complete.
int status_of(std::string_view head) {
  ResponseParser parser;
  parser.header_limit(static_cast<std::uint32_t>(kMaxTunnelResponse));
  parser.skip(true);  // the body of a refusal does not matter
  boost::beast::error_code ec;
  parser.put(boost::asio::buffer(head.data(), head.size()), ec);
  return parser.is_header_done() ? parser.status : 0;
}

}  // namespace

base::Secret connect_request(const Proxy& proxy, const Origin& to) {
  const auto authority = authority_of(to);
  auto text = "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\nUser-Agent: belfry\r\n";
  if (!proxy.credentials.empty()) text += "Proxy-Authorization: Basic " + base64(proxy.credentials.reveal()) + "\r\n";
  return base::Secret(text + "\r\n");
}

std::optional<TunnelResponse> parse_tunnel_response(std::string_view bytes) {
  for (;;) {
    // Do not wait for more bytes if these cannot begin an HTTP response.
    if (!bytes.starts_with(kProtocol.substr(0, bytes.size()))) return TunnelResponse{0};
    const auto end = bytes.find(kEndOfHead);
    if (end == std::string_view::npos) return bytes.size() > kMaxTunnelResponse ? std::optional(TunnelResponse{0}) : std::nullopt;
    const auto head = bytes.substr(0, end + kEndOfHead.size());
    bytes.remove_prefix(head.size());
    const auto status = status_of(head);
    if (status < 100 || status >= 200 || status == 101) return TunnelResponse{status, bytes.empty()};
  }
}

std::string tunnel_refusal(const Proxy& proxy, const Origin& to, const TunnelResponse& answer) {
  const auto about = "the proxy " + proxy.text();
  if (answer.status == 0) return about + " does not speak HTTP";
  if (answer.status >= 200 && answer.status < 300) return about + " sent data after its response";
  const auto refused = about + " refused the connection to " + to.text() + ": " + std::to_string(answer.status);
  // 407 is the status for this; tinyproxy sends 401 for wrong credentials.
  if (answer.status != 407 && answer.status != 401) return refused;
  return refused + (proxy.credentials.empty() ? "; it requires a user name and password" : "; it rejected the user name and password");
}

}  // namespace belfry::net
