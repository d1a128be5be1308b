#include "sink_check/sink_identity.hpp"

#include <fstream>
#include <iterator>

#include "plugin/inspect/sha256.hpp"

namespace belfry::sink_check {
namespace {

using nlohmann::json;

// Includes the content, because a renewed certificate keeps its name.
json path_and_digest(const std::filesystem::path& file) {
  if (file.empty()) return nullptr;
  std::ifstream stream(file, std::ios::binary);
  return {file.string(), plugin::sha256(std::string(std::istreambuf_iterator<char>(stream), {}))};
}

json proxy(const std::optional<config::ProxySettings>& proxy) {
  if (!proxy) return nullptr;
  return {proxy->host, proxy->port, proxy->credentials.reveal()};
}

json rate(const std::optional<config::Rate>& rate) {
  if (!rate) return nullptr;
  return {rate->events, rate->period.count()};
}

}  // namespace

std::string identity_of(const config::SinkSettings& sink, const plugin::CheckedSink& checked) {
  json files = json::object();
  for (const auto& [pointer, file] : sink.files) files[pointer] = {file.path.string(), file.credential};
  const auto& http = sink.http;
  const auto& delivery = sink.delivery;
  const json all = {
      sink.name,
      sink.plugin,
      checked.copy.path.string(),  // named after its content
      sink.config,
      std::move(files),
      {path_and_digest(http.ca_file), path_and_digest(http.client_certificate), path_and_digest(http.client_key)},
      {proxy(http.https_proxy), proxy(http.http_proxy), http.no_proxy},
      {delivery.timeout.count(), delivery.concurrency, rate(delivery.rate), rate(delivery.rate_per_recipient)},
  };
  return plugin::sha256(all.dump(-1, ' ', false, json::error_handler_t::replace));
}

}  // namespace belfry::sink_check
