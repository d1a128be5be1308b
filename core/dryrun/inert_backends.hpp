// Plugin backends that keep, count and send nothing, for commands that only inspect.
#pragma once
#include "net/client/http_client.hpp"
#include "net/executor.hpp"
#include "net/websocket/websocket_client.hpp"
#include "plugin/contract/backends.hpp"

namespace belfry::dryrun {

class VolatileBackends : public plugin::KvBackend, public plugin::RecipientsBackend, public plugin::MetricsBackend {
 public:
  void get(std::string, std::string, Handler<std::optional<Value>> handler) override { handler(std::optional<Value>{}); }
  void put(std::string, std::string, std::string, std::optional<std::uint64_t>, Handler<std::uint64_t> handler) override { handler(1); }
  void erase(std::string, std::string, Handler<bool> handler) override { handler(false); }

  void set_time_zone(std::string_view, std::string_view, std::string_view) override {}

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

// Opens no connection: WebSocket events are for the running gateway. `runtime` outlives it.
class NoWebSockets final : public net::WebSocketClient {
 public:
  explicit NoWebSockets(net::Runtime& runtime) : runtime_(runtime) {}

  std::shared_ptr<net::WebSocket> connect(net::WebSocketRequest, net::WebSocketHandler handler) override {
    runtime_.post([handler = std::move(handler)]() mutable {
      handler({.error = net::ClientError::Kind::refused, .detail = "commands open no WebSockets"});
    });
    return std::make_shared<Closed>();
  }

 private:
  struct Closed final : net::WebSocket {
    void receive(std::uint32_t) override {}
    bool send_text(std::string) override { return false; }
    void close(std::uint16_t, std::string) override {}
  };

  net::Runtime& runtime_;
};

}  // namespace belfry::dryrun
