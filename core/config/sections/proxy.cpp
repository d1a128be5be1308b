#include "config/sections/proxy.hpp"

#include <algorithm>

#include "config/document/scalar.hpp"

namespace belfry::config {
namespace {

constexpr std::string_view kProxyForm = "http://HOST:PORT or http://USER:PASSWORD@HOST:PORT";
constexpr std::string_view kOwnForm = "the URL of a proxy, such as http://proxy.example.com:3128, or none";

// From the proxy, these addresses would reach the proxy's own machine.
constexpr std::string_view kThisMachine = "localhost,127.0.0.0/8,::1";

std::unexpected<std::string> proxy_error(std::string_view what) {
  return std::unexpected(std::string(what) + "; write " + std::string(kProxyForm));
}

std::optional<int> hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const auto high = i + 1 < text.size() ? hex(text[i + 1]) : std::nullopt;
    const auto low = i + 2 < text.size() ? hex(text[i + 2]) : std::nullopt;
    if (!high || !low) return std::nullopt;
    out += static_cast<char>(*high * 16 + *low);
    i += 2;
  }
  return out;
}

bool is_host(std::string_view text, bool address) {
  return !text.empty() && std::ranges::all_of(text, [address](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '.' || c == '_' ||
           (address && c == ':');
  });
}

bool read_host_port(std::string_view text, ProxySettings& out) {
  const bool address = text.starts_with('[');
  const auto end = address ? text.find(']') : text.find(':');
  if (address && end == std::string_view::npos) return false;
  out.host = address ? text.substr(1, end - 1) : text.substr(0, end);
  auto rest = text.substr(std::min(address ? end + 1 : end, text.size()));
  out.port = "80";
  if (!rest.empty()) {
    if (!rest.starts_with(':')) return false;
    const auto port = parse_count(rest.substr(1));
    if (!port || *port == 0 || *port > 65535) return false;
    out.port = std::to_string(*port);
  }
  return is_host(out.host, address);
}

bool read_credentials(std::string_view text, ProxySettings& out) {
  const auto colon = std::min(text.find(':'), text.size());
  const auto user = percent_decoded(text.substr(0, colon));
  const auto password = percent_decoded(text.substr(std::min(colon + 1, text.size())));
  // RFC 7617: a colon ends the user name.
  if (!user || !password || user->find(':') != std::string::npos) return false;
  out.credentials = base::Secret(*user + ":" + *password);
  return true;
}

std::optional<std::string> first_of(const Environment& environment, std::initializer_list<const char*> names, std::string& found) {
  for (const auto* name : names) {
    auto value = environment.variable(name).value_or("");
    if (value.empty()) continue;
    found = name;
    return value;
  }
  return std::nullopt;
}

std::optional<ProxySettings> proxy_of(const Environment& environment, std::initializer_list<const char*> names, Report& report) {
  std::string name;
  const auto value = first_of(environment, names, name);
  if (!value) return std::nullopt;
  auto proxy = parse_proxy(*value);
  if (proxy) return *std::move(proxy);
  report.error({}, "environment variable " + name + " " + proxy.error() + ", or proxy: none at the sinks");
  return std::nullopt;
}

}  // namespace

std::expected<ProxySettings, std::string> parse_proxy(std::string_view text) {
  if (const auto scheme = text.find("://"); scheme != std::string_view::npos) {
    const auto name = text.substr(0, scheme);
    if (name == "https" || name == "HTTPS") return proxy_error("is a proxy over TLS, which is not supported");
    if (name != "http" && name != "HTTP") return proxy_error("is not an HTTP proxy");
    text.remove_prefix(scheme + 3);
  }
  if (text.ends_with('/')) text.remove_suffix(1);
  ProxySettings proxy;
  const auto at = text.rfind('@');
  const bool good = read_host_port(at == std::string_view::npos ? text : text.substr(at + 1), proxy) &&
                    (at == std::string_view::npos || read_credentials(text.substr(0, at), proxy));
  if (!good) return proxy_error("is not the URL of a proxy");
  return proxy;
}

void read_proxy(const Value& written, TransportSettings& out) {
  using Kind = yaml::Node::Kind;
  const auto& node = written.node();
  if (node.kind == Kind::scalar && (node.text.empty() || node.text == "none")) return;
  const auto text = written.secret(kOwnForm, false);
  if (!text || text->empty() || text->reveal() == "none") return;
  auto proxy = parse_proxy(text->reveal());
  if (!proxy) return written.error(proxy.error() + ", or none");
  out.https_proxy = out.http_proxy = *std::move(proxy);
}

TransportSettings transport_from_environment(const Environment& environment, Report& report) {
  TransportSettings out;
  out.https_proxy = proxy_of(environment, {"https_proxy", "HTTPS_PROXY"}, report);
  out.http_proxy = proxy_of(environment, {"http_proxy", "HTTP_PROXY"}, report);
  if (!out.https_proxy && !out.http_proxy) return out;
  std::string name;
  out.no_proxy = std::string(kThisMachine) + "," + first_of(environment, {"no_proxy", "NO_PROXY"}, name).value_or("");
  return out;
}

}  // namespace belfry::config
