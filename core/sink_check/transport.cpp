#include "sink_check/transport.hpp"

namespace belfry::sink_check {
namespace {

using config::Diagnostic;

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

std::vector<Diagnostic> check_transports(const config::Settings& settings) {
  std::vector<Diagnostic> problems;
  const auto check = [&](const config::SinkSettings& sink, const config::Location& at, net::ClientTransport part) {
    const auto checked = net::check_transport(part);
    if (checked) return;
    problems.push_back(
        {Diagnostic::Severity::error, at.file, at.line, at.column, "sinks." + sink.name + ".http: " + checked.error().message});
  };
  for (const auto& sink : settings.sinks) {
    const auto& http = sink.http;
    if (!http.ca_file.empty()) check(sink, http.ca_file_location, {.ca_file = http.ca_file});
    // The loader reports one without the other.
    if (!http.client_certificate.empty() && !http.client_key.empty())
      check(sink, http.client_certificate_location, {.client_certificate = http.client_certificate, .client_key = http.client_key});
  }
  return problems;
}

}  // namespace belfry::sink_check
