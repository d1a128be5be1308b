#include "app/sink_identity.hpp"

#include <fstream>
#include <iterator>

#include "plugin/digest.hpp"

namespace belfry::app {
namespace {

using nlohmann::json;

// A certificate that was renewed has the same name.
json named_and_read(const std::filesystem::path& file) {
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
      checked.copy.path.string(),  // named after what is in it
      sink.config,
      std::move(files),
      {named_and_read(http.ca_file), named_and_read(http.client_certificate), named_and_read(http.client_key)},
      {proxy(http.https_proxy), proxy(http.http_proxy), http.no_proxy},
      {delivery.timeout.count(), delivery.concurrency, rate(delivery.rate), rate(delivery.rate_per_recipient)},
  };
  return plugin::sha256(all.dump(-1, ' ', false, json::error_handler_t::replace));
}

}  // namespace belfry::app
