#include "net/client/proxy.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "net/http.hpp"

namespace belfry::net {

namespace {

constexpr std::string_view kSeparators = ", \t";

struct Address {
  int family = AF_UNSPEC;  // AF_UNSPEC: a name
  std::array<unsigned char, 16> bytes{};
  [[nodiscard]] unsigned bits() const { return family == AF_INET ? 32 : 128; }
};

Address address_of(std::string_view text) {
  Address address;
  const std::string copy(text);
  for (const int family : {AF_INET, AF_INET6}) {
    if (::inet_pton(family, copy.c_str(), address.bytes.data()) == 1) address.family = family;
  }
  return address;
}

bool same_network(const Address& a, const Address& b, unsigned bits) {
  const auto whole = bits / 8;
  const auto rest = bits % 8;
  if (std::memcmp(a.bytes.data(), b.bytes.data(), whole) != 0) return false;
  return rest == 0 || (a.bytes.at(whole) ^ b.bytes.at(whole)) >> (8 - rest) == 0;
}

// `network`: an address, optionally with a prefix length.
bool covers(std::string_view network, const Address& host) {
  const auto slash = network.find('/');
  const auto base = address_of(network.substr(0, slash));
  if (base.family != host.family) return false;
  unsigned bits = base.bits();
  if (slash != std::string_view::npos) {
    const auto* end = network.data() + network.size();
    const auto [stopped, error] = std::from_chars(network.data() + slash + 1, end, bits);
    if (error != std::errc() || stopped != end || bits > base.bits()) return false;
  }
  return same_network(base, host, bits);
}

std::string_view without_last_dot(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  return name;
}

bool is_at_or_below(std::string_view name, std::string_view domain) {
  domain = without_last_dot(domain);
  if (domain.starts_with("*.")) domain.remove_prefix(1);
  if (domain.starts_with('.')) domain.remove_prefix(1);
  if (domain.empty() || name.size() < domain.size()) return false;
  const auto above = name.size() - domain.size();
  return equal_ignoring_case(name.substr(above), domain) && (above == 0 || name[above - 1] == '.');
}

struct Entry {
  std::string_view host;
  std::string_view port;  // empty: any
};

Entry split(std::string_view entry) {
  if (entry.starts_with('[')) {
    const auto end = entry.find(']');
    if (end == std::string_view::npos) return {};
    const auto after = entry.substr(end + 1);
    return {entry.substr(1, end - 1), after.starts_with(':') ? after.substr(1) : ""};
  }
  const auto colon = entry.find(':');
  // Several colons: an IPv6 address or network.
  if (colon == std::string_view::npos || entry.find(':', colon + 1) != std::string_view::npos) return {entry, ""};
  return {entry.substr(0, colon), entry.substr(colon + 1)};
}

}  // namespace

std::string Proxy::text() const { return "http://" + (host.contains(':') ? "[" + host + "]" : host) + ":" + port; }

const Proxy* ProxyRules::find(bool tls, std::string_view host, std::string_view port) const {
  const auto& proxy = tls ? https : http;
  return proxy && !matches_no_proxy(no_proxy, host, port) ? &*proxy : nullptr;
}

bool matches_no_proxy(std::string_view list, std::string_view host, std::string_view port) {
  const auto name = without_last_dot(host);
  const auto address = address_of(name);
  for (;;) {
    list.remove_prefix(std::min(list.find_first_not_of(kSeparators), list.size()));
    if (list.empty()) return false;
    const auto [wanted, wanted_port] = split(list.substr(0, list.find_first_of(kSeparators)));
    list.remove_prefix(std::min(list.find_first_of(kSeparators), list.size()));
    if (!wanted_port.empty() && wanted_port != port) continue;
    if (wanted == "*" || (address.family == AF_UNSPEC ? is_at_or_below(name, wanted) : covers(wanted, address))) return true;
  }
}

}  // namespace belfry::net
