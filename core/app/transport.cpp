#include "app/transport.hpp"

namespace belfry::app {
namespace {

using config::Problem;

std::optional<net::Proxy> proxy_of(const std::optional<config::ProxySettings>& proxy) {
  if (!proxy) return std::nullopt;
  return net::Proxy{proxy->host, proxy->port, proxy->credentials};
}

}  // namespace

net::ClientTransport transport_of(const config::SinkSettings& sink) {
  net::ClientTransport transport;
  transport.ca_file = sink.http.ca_file;
  transport.client_certificate = sink.http.client_certificate;
  transport.client_key = sink.http.client_key;
  transport.proxies = {proxy_of(sink.http.https_proxy), proxy_of(sink.http.http_proxy), sink.http.no_proxy};
  return transport;
}

std::vector<Problem> check_transports(const config::Settings& settings) {
  std::vector<Problem> problems;
  const auto check = [&](const config::SinkSettings& sink, const config::Position& at, net::ClientTransport part) {
    const auto checked = net::check_transport(part);
    if (checked) return;
    problems.push_back({Problem::Severity::error, at.file, at.line, at.column, "sinks." + sink.name + ".http: " + checked.error().message});
  };
  for (const auto& sink : settings.sinks) {
    const auto& http = sink.http;
    if (!http.ca_file.empty()) check(sink, http.ca_file_at, {.ca_file = http.ca_file});
    // One without the other has been reported.
    if (!http.client_certificate.empty() && !http.client_key.empty())
      check(sink, http.client_certificate_at, {.client_certificate = http.client_certificate, .client_key = http.client_key});
  }
  return problems;
}

}  // namespace belfry::app
