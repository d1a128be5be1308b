// websocket/1.
#include "base/utf8.hpp"
#include "plugin/contract/abi.hpp"
#include "plugin/contract/http_args.hpp"
#include "plugin/contract/text.hpp"
#include "plugin/run/abi_entry.hpp"
#include "plugin/run/services.hpp"

namespace belfry::plugin {
namespace {

constexpr std::uint64_t kDefaultMaxMessage = 1024UL * 1024;
constexpr std::uint16_t kNormal = 1000;  // RFC 6455 section 7.4.1
constexpr std::uint16_t kGoingAway = 1001;
constexpr std::uint32_t kFirstOwnCode = 3000;  // section 7.4.2
constexpr std::uint32_t kLastOwnCode = 4999;

// An event table together with the data that it points to.
struct Event {
  explicit Event(net::WebSocketEvent happened) : event(std::move(happened)) {
    using Kind = net::WebSocketEvent::Kind;
    table.size = sizeof table;
    table.kind = event.kind == Kind::open     ? BELFRY_WEBSOCKET_OPEN
                 : event.kind == Kind::text   ? BELFRY_WEBSOCKET_TEXT
                 : event.kind == Kind::binary ? BELFRY_WEBSOCKET_BINARY
                                              : BELFRY_WEBSOCKET_CLOSED;
    table.data = str(event.data);
    table.close_code = event.close_code;
    table.error = event.error ? http_error_code(*event.error) : BELFRY_HTTP_OK;
    table.http_status = static_cast<std::uint32_t>(event.http_status);
    table.error_text = str(event.detail);
  }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  net::WebSocketEvent event;
  belfry_websocket_event table{};
};

void post_socket_event(PluginInstance& instance, Ticket ticket, net::WebSocketEvent happened) {
  const auto kind = happened.kind;
  const auto event = std::make_shared<Event>(std::move(happened));
  std::shared_ptr<const void> payload(event, &event->table);
  if (kind == net::WebSocketEvent::Kind::closed) {
    instance.websockets().end(ticket);
    return instance.complete_request(ticket, BELFRY_EVENT_WEBSOCKET, std::move(payload));
  }
  auto on_delivered = [self = instance.shared_from_this(), ticket, counts = kind != net::WebSocketEvent::Kind::open] {
    if (counts) self->websockets().consumed(ticket);
  };
  instance.post_event(ticket, BELFRY_EVENT_WEBSOCKET, std::move(payload), std::move(on_delivered));
}

void post_refusal(PluginInstance& instance, Ticket ticket, net::ClientError::Kind kind, std::string what) {
  post_socket_event(instance, ticket, {.error = kind, .detail = std::move(what)});
}

// Converts the plugin's request. The error is one sentence.
std::expected<net::WebSocketRequest, std::string> read_request(PluginInstance& instance, const belfry_websocket_request& table) {
  const auto or_default = [](std::uint32_t value, base::Millis usual) { return value == 0 ? usual : base::Millis(value); };
  net::WebSocketRequest request;
  request.url = view(table.url);
  auto headers = read_headers(table.headers, table.header_count);
  if (!headers) return std::unexpected(std::move(headers.error()));
  request.headers = std::move(*headers);
  request.timeout = or_default(table.timeout_ms, request.timeout);
  request.ping_interval = or_default(table.ping_interval_ms, request.ping_interval);
  request.pong_timeout = or_default(table.pong_timeout_ms, request.pong_timeout);
  request.idle_timeout = base::Millis(table.idle_timeout_ms);
  if (table.max_message_bytes > BELFRY_MAX_WEBSOCKET_MESSAGE_BYTES)
    instance.log().violation("bad_argument", "websocket: max_message_bytes is over 16 MiB");
  request.max_message = std::min<std::uint64_t>(table.max_message_bytes == 0 ? kDefaultMaxMessage : table.max_message_bytes,
                                                BELFRY_MAX_WEBSOCKET_MESSAGE_BYTES);
  return request;
}

belfry_ticket connect(void* ctx, const belfry_websocket_request* request) noexcept {
  return served(ctx, BELFRY_HOST_WEBSOCKET_1, belfry_ticket{0}, [&](PluginInstance& instance) -> belfry_ticket {
    using Kind = net::ClientError::Kind;
    const belfry_websocket_request table = request == nullptr ? belfry_websocket_request{} : copy_of(request);
    const auto ticket = instance.open_request(0, table.user_data).ticket;
    if (ticket == 0) return 0;
    auto wanted = read_request(instance, table);
    if (!wanted) {
      instance.log().violation("bad_argument", "websocket: " + wanted.error());
      post_refusal(instance, ticket, Kind::invalid_url, wanted.error());
    } else if (!instance.websockets().begin(ticket)) {
      instance.log().violation("too_many_requests", "16 WebSocket connections are already open");
      post_refusal(instance, ticket, Kind::refused, "too many connections are already open");
    } else {
      auto handler = [self = instance.shared_from_this(), ticket](net::WebSocketEvent event) {
        post_socket_event(*self, ticket, std::move(event));
      };
      const auto socket = instance.parts().websockets->connect(std::move(*wanted), std::move(handler));
      instance.websockets().attach(ticket, socket);
      // Called when the plugin cancels the connection, or stops while it is open.
      instance.set_cancel(ticket, [socket] { socket->close(kGoingAway, {}); });
    }
    return ticket;
  });
}

void receive(void* ctx, belfry_ticket ticket, std::uint32_t messages) noexcept {
  served(ctx, BELFRY_HOST_WEBSOCKET_1, [&](PluginInstance& instance) { instance.websockets().request(ticket, messages); });
}

belfry_status send_text(void* ctx, belfry_ticket ticket, belfry_str text) noexcept {
  return served(ctx, BELFRY_HOST_WEBSOCKET_1, belfry_status{BELFRY_FAILED}, [&](PluginInstance& instance) -> belfry_status {
    if (!base::is_utf8(view(text))) {
      instance.log().violation("bad_argument", "websocket: the text is not UTF-8");
      return BELFRY_FAILED;
    }
    return instance.websockets().send_text(ticket, std::string(view(text))) ? BELFRY_OK : BELFRY_FAILED;
  });
}

void close(void* ctx, belfry_ticket ticket, std::uint32_t code, belfry_str reason) noexcept {
  served(ctx, BELFRY_HOST_WEBSOCKET_1, [&](PluginInstance& instance) {
    const bool allowed = code == kNormal || (code >= kFirstOwnCode && code <= kLastOwnCode);
    if (!allowed)
      instance.log().violation("bad_argument", "websocket: the close code is " + std::to_string(code) + ", wanted 1000 or 3000 to 4999");
    if (view(reason).size() > BELFRY_MAX_CLOSE_REASON_BYTES)
      instance.log().violation("bad_argument", "websocket: the reason of a close is over 123 bytes");
    instance.websockets().close(ticket, allowed ? static_cast<std::uint16_t>(code) : kNormal,
                                clean_text(view(reason), BELFRY_MAX_CLOSE_REASON_BYTES));
  });
}

}  // namespace

const belfry_host_websocket kWebSocketService{sizeof(belfry_host_websocket), 0, connect, receive, send_text, close};

}  // namespace belfry::plugin
