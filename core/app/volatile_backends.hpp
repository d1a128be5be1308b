// What a plugin stands on when nothing may be kept, counted or sent: for commands that only look.
#pragma once
#include "net/http_client.hpp"
#include "plugin/backends.hpp"

namespace belfry::app {

class VolatileBackends final : public plugin::KvBackend, public plugin::MetricsBackend {
 public:
  void get(std::string, std::string, Handler<std::optional<Value>> handler) override { handler(std::optional<Value>{}); }
  void put(std::string, std::string, std::string, std::optional<std::uint64_t>, Handler<std::uint64_t> handler) override { handler(1); }
  void erase(std::string, std::string, Handler<bool> handler) override { handler(false); }

  void counter_add(std::string_view, std::string_view, double) override {}
  void gauge_set(std::string_view, std::string_view, double) override {}
  void violation(std::string_view, std::string_view) override {}
};

class NoNetwork final : public net::HttpClient {
 public:
  net::ClientRequestId send(net::ClientRequest, net::ClientHandler handler) override {
    handler(std::unexpected(net::ClientError{net::ClientError::Kind::refused, false, "nothing is sent while rendering"}));
    return 1;
  }
  void cancel(net::ClientRequestId) override {}
};

}  // namespace belfry::app
