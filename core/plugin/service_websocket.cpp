// websocket/1.
#include "base/utf8.hpp"
#include "plugin/abi.hpp"
#include "plugin/http_args.hpp"
#include "plugin/services.hpp"
#include "plugin/shielded.hpp"
#include "plugin/text.hpp"

namespace belfry::plugin {
namespace {

constexpr std::uint64_t kUsualMessage = 1024UL * 1024;
constexpr std::uint64_t kLargestMessage = 16UL * 1024 * 1024;
constexpr std::size_t kLongestReason = 123;  // RFC 6455 section 5.5
constexpr std::uint16_t kNormal = 1000;      // section 7.4.1
constexpr std::uint16_t kGoingAway = 1001;
constexpr std::uint32_t kFirstOwnCode = 3000;  // section 7.4.2
constexpr std::uint32_t kLastOwnCode = 4999;

// The table of an event together with what it points to.
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

void give_event(PluginInstance& instance, Ticket ticket, net::WebSocketEvent happened) {
  const auto kind = happened.kind;
  const auto event = std::make_shared<Event>(std::move(happened));
  std::shared_ptr<const void> payload(event, &event->table);
  if (kind == net::WebSocketEvent::Kind::closed) {
    instance.websockets().end(ticket);
    return instance.answer(ticket, BELFRY_EVENT_WEBSOCKET, std::move(payload));
  }
  auto told = [self = instance.shared_from_this(), ticket, counts = kind != net::WebSocketEvent::Kind::open] {
    if (counts) self->websockets().taken(ticket);
  };
  instance.tell(ticket, BELFRY_EVENT_WEBSOCKET, std::move(payload), std::move(told));
}

void give_refusal(PluginInstance& instance, Ticket ticket, net::ClientError::Kind kind, std::string what) {
  give_event(instance, ticket, {.error = kind, .detail = std::move(what)});
}

// What the plugin asked for, or what is wrong with it.
std::expected<net::WebSocketRequest, std::string> read_request(const belfry_websocket_request& asked) {
  const auto or_usual = [](std::uint32_t given, base::Millis usual) { return given == 0 ? usual : base::Millis(given); };
  net::WebSocketRequest request;
  request.url = view(asked.url);
  auto headers = read_headers(asked.headers, asked.header_count);
  if (!headers) return std::unexpected(std::move(headers.error()));
  request.headers = std::move(*headers);
  request.timeout = or_usual(asked.timeout_ms, request.timeout);
  request.ping_interval = or_usual(asked.ping_interval_ms, request.ping_interval);
  request.pong_timeout = or_usual(asked.pong_timeout_ms, request.pong_timeout);
  request.idle_timeout = base::Millis(asked.idle_timeout_ms);
  request.max_message = std::min(asked.max_message_bytes == 0 ? kUsualMessage : asked.max_message_bytes, kLargestMessage);
  return request;
}

belfry_ticket connect(void* ctx, const belfry_websocket_request* request) noexcept {
  return shielded(ctx, [&](PluginInstance& instance) -> belfry_ticket {
    using Kind = net::ClientError::Kind;
    const auto ticket = instance.open_request(0).ticket;
    if (ticket == 0) return 0;
    auto wanted = read_request(request == nullptr ? belfry_websocket_request{} : copy_of(request));
    if (!wanted) {
      instance.violation("bad_argument", "websocket: " + wanted.error());
      give_refusal(instance, ticket, Kind::invalid_url, wanted.error());
    } else if (!instance.websockets().begin(ticket)) {
      instance.violation("too_many_requests", "16 WebSocket connections are open already");
      give_refusal(instance, ticket, Kind::refused, "too many connections are open already");
    } else {
      auto handler = [self = instance.shared_from_this(), ticket](net::WebSocketEvent event) {
        give_event(*self, ticket, std::move(event));
      };
      const auto socket = instance.parts().websockets->connect(std::move(*wanted), std::move(handler));
      instance.websockets().connecting(ticket, socket);
      // Runs when the instance stops with the connection open.
      instance.set_cancel(ticket, [socket] { socket->close(kGoingAway, {}); });
    }
    return ticket;
  });
}

void receive(void* ctx, belfry_ticket ticket, std::uint32_t messages) noexcept {
  shielded(ctx, [&](PluginInstance& instance) { instance.websockets().ask(ticket, messages); });
}

std::int32_t send_text(void* ctx, belfry_ticket ticket, belfry_str text) noexcept {
  constexpr std::int32_t kNotTaken = 1;
  // Memory that ran out is not 0 either.
  std::int32_t result = kNotTaken;
  shielded(ctx, [&](PluginInstance& instance) {
    if (!base::is_utf8(view(text))) return instance.violation("bad_argument", "websocket: a text is not UTF-8");
    if (instance.websockets().send_text(ticket, std::string(view(text)))) result = 0;
  });
  return result;
}

void close(void* ctx, belfry_ticket ticket, std::uint32_t code, belfry_str reason) noexcept {
  shielded(ctx, [&](PluginInstance& instance) {
    const bool allowed = code == kNormal || (code >= kFirstOwnCode && code <= kLastOwnCode);
    if (!allowed) instance.violation("bad_argument", "websocket: a close code is 1000 or 3000 to 4999, not " + std::to_string(code));
    instance.websockets().close(ticket, allowed ? static_cast<std::uint16_t>(code) : kNormal, clean_text(view(reason), kLongestReason));
  });
}

}  // namespace

const belfry_websocket kWebSocketService{sizeof(belfry_websocket), 0, connect, receive, send_text, close};

}  // namespace belfry::plugin
