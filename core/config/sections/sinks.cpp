#include "config/document/scalar.hpp"
#include "config/document/tree_json.hpp"
#include "config/sections/max_age.hpp"
#include "config/sections/proxy.hpp"
#include "config/sections/sections.hpp"

namespace belfry::config {
namespace {

using std::chrono::days;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Range<Millis> kTimeout{seconds(1), minutes(5)};
constexpr Range<std::size_t> kConcurrency{1, 1000};
constexpr std::string_view kPemForm = "the path of a PEM file";

void read_client_certificate(const Section& section, TransportSettings& out) {
  const auto certificate = section.get("client_certificate");
  const auto key = section.get("client_key");
  if (certificate) {
    out.client_certificate_location = certificate->location();
    assign(out.client_certificate, certificate->file_path(kPemForm));
    if (!key) static_cast<void>(section.require("client_key", "client_key: client.key"));
  }
  if (key) {
    assign(out.client_key, key->secret_file(kPemForm));
    if (!certificate) static_cast<void>(section.require("client_certificate", "client_certificate: client.crt"));
  }
}

// `out` may already hold the proxies of the environment.
void read_http(const Value& written, TransportSettings& out) {
  const Section section(written, kHttpKeys);
  if (const auto value = section.get("proxy")) read_proxy(*value, out);
  if (const auto value = section.get("ca_file")) {
    out.ca_file_location = value->location();
    assign(out.ca_file, value->file_path(kPemForm));
  }
  read_client_certificate(section, out);
}

bool has_proxy(const Value& sink) {
  const auto* http = sink.node().find("http");
  return http != nullptr && http->value->find("proxy") != nullptr;
}

void read_delivery(const Value& written, DeliverySettings& out) {
  const Section section(written, kDeliveryKeys);
  if (const auto value = section.get("timeout")) assign(out.timeout, value->duration(kTimeout));
  if (const auto value = section.get("max_age")) assign(out.max_age, value->duration(kMaxAge));
  if (const auto value = section.get("concurrency")) assign(out.concurrency, value->count(kConcurrency));
  if (const auto value = section.get("rate")) out.rate = value->rate();
  if (const auto value = section.get("rate_per_recipient")) out.rate_per_recipient = value->rate();
}

SinkSettings read_sink(const std::string& name, const Value& written, const TransportSettings& from_environment) {
  const Section section(written, kSinkKeys);
  SinkSettings sink{.name = name};
  if (!has_proxy(written)) sink.http = from_environment;
  const auto& report = written.context().report;
  sink.locations[""] = report.location(written.key());
  if (const auto value = section.require("plugin", "plugin: slack"))
    assign(sink.plugin, value->text("the name of a plugin, such as slack"));
  if (const auto value = section.get("config")) {
    if (value->node().kind == yaml::Node::Kind::map) {
      sink.config = to_json(*value, [&](const std::string& pointer, const Value& item, const ValueInfo& found) {
        if (!pointer.empty()) sink.locations[pointer] = item.location();
        if (!found.unresolved.empty()) sink.unresolved[pointer] = found.unresolved;
        if (!found.exposed.empty()) sink.exposed[pointer] = found.exposed;
        if (found.file) sink.files[pointer] = *found.file;
        if (found.left_out) sink.left_out.insert(pointer);
        if (found.plain) sink.plain.insert(pointer);
        if (found.broken) sink.broken.insert(pointer);
        if (found.incomplete) sink.incomplete.insert(pointer);
      });
    } else {
      value->expected("a mapping with the options of the plugin, or remove it");
      sink.broken.insert("");
    }
  } else if (section.may_contain("config")) {
    sink.broken.insert("");
  }
  if (const auto value = section.get("http")) read_http(*value, sink.http);
  if (const auto value = section.get("delivery")) read_delivery(*value, sink.delivery);
  return sink;
}

}  // namespace

void read_sinks(const Value& written, std::vector<SinkSettings>& out) {
  const auto sinks = written.named("at least one sink, such as slack: { plugin: slack }");
  TransportSettings from_environment;
  // An invalid variable is an error only if a sink would use it.
  if (!std::ranges::all_of(sinks, [](const auto& sink) { return has_proxy(sink.second); }))
    from_environment = transport_from_environment(written.context().environment, written.context().report);
  for (const auto& [name, value] : sinks) out.push_back(read_sink(name, value, from_environment));
}

}  // namespace belfry::config
