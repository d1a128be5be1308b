#include "net/websocket/websocket_client.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include "net/client/dialer.hpp"
#include "net/executor_impl.hpp"
#include "net/http_serializer.hpp"
#include "net/websocket/websocket_session.hpp"

namespace belfry::net {

namespace {

using Kind = ClientError::Kind;

WebSocketEvent closed_by(ClientError error) { return {.error = error.kind, .detail = std::move(error.detail)}; }

base::Result<Url> check(const WebSocketRequest& request) {
  for (const auto& [name, value] : request.headers.list())
    if (!is_token(name) || !is_field_value(value))
      return base::fail(base::ErrorCode::invalid, "a header contains a character that is not allowed");
  // ws and wss URLs differ from HTTP's only in the scheme name (RFC 6455 section 3).
  const std::string_view text = request.url;
  const auto colon = std::min(text.find(':'), text.size());
  const bool secure = equal_ignoring_case(text.substr(0, colon), "wss");
  if (!secure && !equal_ignoring_case(text.substr(0, colon), "ws"))
    return base::fail(base::ErrorCode::invalid, "the URL must begin with ws:// or wss://");
  auto url = parse_url(std::string(secure ? "https" : "http").append(text.substr(colon)));
  if (url) url->origin.unix_socket = request.unix_socket.string();
  return url;
}

// One connection, from the dial on. Thread rule: the state is used on the strand only; the outbox from any thread.
class Connection final : public WebSocket, public std::enable_shared_from_this<Connection> {
 public:
  Connection(asio::io_context& io, const DialSettings& settings, WebSocketRequest request, WebSocketHandler handler)
      : executor_(asio::make_strand(io)),
        dialer_(executor_, settings),
        outbox_(std::make_shared<WebSocketOutbox>(request.max_message)),
        request_(std::move(request)),
        handler_(std::move(handler)) {}

  void start();

  void receive(std::uint32_t messages) override;
  [[nodiscard]] bool send_text(std::string text) override;
  void close(std::uint16_t code, std::string reason) override;

 private:
  static Awaitable<void> dial(std::shared_ptr<Connection> self, Url url);
  void give_up(ClientError error);

  const Executor executor_;
  Dialer dialer_;
  const std::shared_ptr<WebSocketOutbox> outbox_;
  WebSocketRequest request_;  // moved into the session, like the handler
  WebSocketHandler handler_;
  std::weak_ptr<WebSocketSession> session_;  // empty before the handshake and after the end
  std::uint64_t early_credit_ = 0;
};

void Connection::start() {
  asio::post(executor_, [self = shared_from_this()] {
    auto url = check(self->request_);
    if (!url) return self->give_up({Kind::invalid_url, false, url.error().message});
    auto failed = [self](std::exception_ptr thrown) {
      if (!thrown) return;
      self->give_up({Kind::closed, false, "the connection was closed after an internal error"});
      std::rethrow_exception(thrown);
    };
    asio::co_spawn(self->executor_, dial(self, std::move(*url)), std::move(failed));
  });
}

Awaitable<void> Connection::dial(std::shared_ptr<Connection> self, Url url) {
  const auto deadline = from_now(self->request_.timeout);
  auto stream = co_await self->dialer_.dial(url.origin, deadline);
  if (!self->handler_) co_return;  // closed meanwhile
  if (!stream) {
    auto error = std::move(stream.error());
    if (std::chrono::steady_clock::now() >= deadline) error.kind = Kind::timeout;
    co_return self->give_up(std::move(error));
  }
  const auto session = std::make_shared<WebSocketSession>(std::move(*stream), std::move(self->request_), std::move(url), self->outbox_,
                                                          std::exchange(self->handler_, nullptr));
  self->session_ = session;
  session->receive(self->early_credit_);
  session->start(deadline);
}

void Connection::give_up(ClientError error) {
  if (!handler_) return;
  auto handler = std::exchange(handler_, nullptr);
  handler(closed_by(std::move(error)));
}

void Connection::receive(std::uint32_t messages) {
  asio::post(executor_, [self = shared_from_this(), messages] {
    if (const auto session = self->session_.lock())
      session->receive(messages);
    else
      self->early_credit_ += messages;
  });
}

bool Connection::send_text(std::string text) {
  if (!outbox_->push(std::move(text))) return false;
  asio::post(executor_, [self = shared_from_this()] {
    if (const auto session = self->session_.lock()) session->flush();
  });
  return true;
}

void Connection::close(std::uint16_t code, std::string reason) {
  outbox_->close();
  asio::post(executor_, [self = shared_from_this(), code, reason = std::move(reason)]() mutable {
    if (const auto session = self->session_.lock()) return session->close(code, std::move(reason));
    self->dialer_.cancel();
    self->give_up({Kind::cancelled, false, "the connection was closed before the WebSocket opened"});
  });
}

class Client final : public WebSocketClient {
 public:
  Client(asio::io_context& io, DialSettings settings) : io_(io), settings_(std::move(settings)) {}

  std::shared_ptr<WebSocket> connect(WebSocketRequest request, WebSocketHandler handler) override {
    auto connection = std::make_shared<Connection>(io_, settings_, std::move(request), std::move(handler));
    connection->start();
    return connection;
  }

 private:
  asio::io_context& io_;
  const DialSettings settings_;
};

}  // namespace

base::Result<std::unique_ptr<WebSocketClient>> make_websocket_client(Runtime& runtime, const ClientTransport& transport) {
  auto settings = dial_settings(transport, runtime.impl().trust_stores, runtime.impl().lookups);
  if (!settings) return std::unexpected(settings.error());
  return std::make_unique<Client>(runtime.impl().io, std::move(*settings));
}

}  // namespace belfry::net
