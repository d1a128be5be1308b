// The sections of the gateway itself: server, admin, store, plugins.
#include <algorithm>

#include "config/sections/address.hpp"
#include "config/sections/sections.hpp"

namespace belfry::config {
namespace {

using std::chrono::days;
using std::chrono::hours;

constexpr Range<std::size_t> kBody{1024, 64UL * 1024 * 1024};
constexpr Range<std::size_t> kBodyMemory{1024UL * 1024, 16UL * 1024 * 1024 * 1024};
constexpr Range<std::size_t> kThreads{1, 64};
constexpr Range<std::size_t> kConnections{1, 100'000};
constexpr Range<std::size_t> kPerAddress{0, 100'000};
constexpr Range<Millis> kRetention{hours(1), days(365)};

std::optional<std::string> read_address(const Value& written) {
  auto text = written.text(kAddressForm);
  if (!text || parse_address(*text)) return text;
  written.expected(kAddressForm);
  return std::nullopt;
}

// The memory must fit one body, so a max_body that was raised alone raises max_body_memory as well.
void read_body_memory(const Section& section, ServerSettings& out) {
  const auto written = section.get("max_body_memory");
  out.max_body_memory = std::max(out.max_body_memory, out.max_body);
  const auto memory = written ? written->size(kBodyMemory) : std::nullopt;
  if (!memory) return;
  out.max_body_memory = *memory;
  if (*memory >= out.max_body) return;
  written->error("is " + std::to_string(*memory) + " bytes, but one body may have " + std::to_string(out.max_body) +
                 "; write at least as much as server.max_body");
}

std::optional<TlsSettings> read_tls(const Value& written) {
  const Section section(written, kTlsKeys);
  TlsSettings tls;
  constexpr std::string_view kForm = "the path of a PEM file";
  if (const auto value = section.require("certificate", "certificate: tls.crt")) assign(tls.certificate, value->file_path(kForm));
  if (const auto value = section.require("key", "key: tls.key")) assign(tls.key, value->private_file(kForm));
  if (const auto value = section.get("client_ca")) assign(tls.client_ca, value->file_path(kForm));
  return tls;
}

// A DNS name without a port.
bool is_host_name(std::string_view text) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
  };
  return !text.empty() && text.size() <= 253 && text.front() != '.' && text.front() != '-' && std::ranges::all_of(text, allowed);
}

void read_tokens(const Value& written, AdminSettings& out) {
  for (const auto& [name, value] : written.named("a token for each operator, such as { alice: \"${file:alice-token}\" }")) {
    auto token = value.secret("a token, such as \"${file:alice-token}\"");
    if (!token || token->empty()) continue;
    const auto same = [&](const auto& other) { return base::constant_time_equal(other.second.reveal(), token->reveal()); };
    if (std::ranges::any_of(out.tokens, same) || base::constant_time_equal(out.token.reveal(), token->reveal())) {
      value.error("has the same value as another token; give each operator a token of their own");
      continue;
    }
    out.tokens.emplace(name, *std::move(token));
  }
}

void read_hosts(const Value& written, AdminSettings& out) {
  constexpr std::string_view kForm = "the host name of a URL without a port, such as belfry.example.com";
  for (const auto& entry : written.entries("a list of host names, such as [belfry.example.com]")) {
    auto name = entry.text(kForm);
    if (!name) continue;
    if (!is_host_name(*name)) {
      entry.expected(kForm);
      continue;
    }
    std::ranges::transform(*name, name->begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    out.hosts.push_back(*std::move(name));
  }
}

}  // namespace

bool read_server(const Value& written, ServerSettings& out) {
  const Section section(written, kServerKeys);
  if (const auto value = section.get("listen")) assign(out.listen, read_address(*value));
  const auto& report = written.context().report;
  const auto before = report.errors();
  if (const auto value = section.get("tls")) out.tls = read_tls(*value);
  const bool tls_known = report.errors() == before && !section.may_contain("tls") && written.node().kind == yaml::Node::Kind::map;
  if (const auto value = section.get("max_body")) assign(out.max_body, value->size(kBody));
  read_body_memory(section, out);
  if (const auto value = section.get("threads")) assign(out.threads, value->count(kThreads));
  if (const auto value = section.get("max_connections")) assign(out.max_connections, value->count(kConnections));
  if (const auto value = section.get("max_connections_per_address")) assign(out.max_connections_per_address, value->count(kPerAddress));
  return tls_known;
}

void read_admin(const Value& written, AdminSettings& out) {
  const Section section(written, kAdminKeys);
  if (const auto value = section.get("listen")) {
    out.listen.clear();
    out.default_socket.clear();
    if (value->node().kind == yaml::Node::Kind::list) {
      for (const auto& entry : value->entries(kAddressForm)) {
        if (auto address = read_address(entry)) out.listen.push_back(*std::move(address));
      }
    } else if (auto address = read_address(*value)) {
      out.listen.push_back(*std::move(address));
    }
  }
  for (const auto& address : out.listen) {
    const auto parsed = parse_address(address);
    if (!parsed || parsed->local()) continue;
    written.warning("listens on " + address + ", which exposes the metrics" +
                    (section.get("token") || section.get("tokens") ? " and, with the token, the API to the network, all of it in the clear"
                                                                   : " to the network") +
                    "; write a loopback address or \"unix:/run/belfry/admin.sock\", or let a firewall allow your own machines only");
  }
  if (const auto value = section.get("token")) assign(out.token, value->secret("a token of your choice, such as \"${file:admin-token}\""));
  if (const auto value = section.get("tokens")) read_tokens(*value, out);
  if (const auto value = section.get("hosts")) read_hosts(*value, out);
}

void read_store(const Value& written, StoreSettings& out) {
  const Section section(written, kStoreKeys);
  if (const auto value = section.get("driver")) {
    const auto driver = value->text("sqlite");
    if (driver == "postgres") {
      value->error("is \"postgres\", which is not supported by this version; write sqlite");
    } else if (driver && driver != "sqlite") {
      value->expected("sqlite");
    }
  }
  if (const auto value = section.get("path")) assign(out.path, value->file_path("the path of the database file"));
  if (const auto value = section.get("retention")) assign(out.retention, value->duration(kRetention));
}

void read_plugins(const Value& written, PluginSettings& out) {
  const Section section(written, kPluginsKeys);
  const auto value = section.get("directories");
  if (!value) return;
  // Directories of an included file are added to the defaults; only the main file replaces them.
  if (value->at().file == 0) out.directories.clear();
  for (const auto& entry : value->entries("a list of directories, such as [/usr/lib/belfry/plugins]")) {
    if (auto directory = entry.file_path("the path of a directory")) out.directories.push_back(*std::move(directory));
  }
}

}  // namespace belfry::config
