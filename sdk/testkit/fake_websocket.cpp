#include <algorithm>
#include <stdexcept>

#include "belfry/testkit/fake_host.hpp"
#include "line_break.hpp"

namespace belfry::testkit {

namespace sd = sdk::detail;

namespace {

constexpr Millis kUsualTimeout{10'000};
constexpr Millis kCloseLimit{5'000};
constexpr std::uint64_t kUsualMessage = 1024 * 1024;
constexpr std::uint64_t kLargestMessage = 16 * 1024 * 1024;

bool is_utf8(std::string_view text) {
  try {
    static_cast<void>(nlohmann::json(text).dump());
    return true;
  } catch (const nlohmann::json::exception&) {
    return false;
  }
}

WebSocketEvent failure(HttpError error, std::string text) { return {.error = error, .error_text = std::move(text)}; }

}  // namespace

FakeWebSocket::FakeWebSocket(FakeHost& host, belfry_ticket ticket, WebSocketRequest request)
    : host_(host), ticket_(ticket), request_(std::move(request)) {}

void FakeWebSocket::answer(const Handshake& handshake) {
  if (answered_ || state_ != State::connecting) throw std::logic_error("FakeWebSocket: the handshake has been answered");
  const auto limit = request_.timeout.count() > 0 ? request_.timeout : kUsualTimeout;
  if (handshake.kind == Handshake::Kind::held || handshake.after > limit) {
    // Not an end: answer() may come before.
    host_.later(limit, [this] {
      if (!answered_) end(Millis{0}, failure(HttpError::timeout, "not open in time"));
    });
    return;
  }
  answered_ = true;
  switch (handshake.kind) {
    case Handshake::Kind::accepted: return host_.later(handshake.after, [this] { open(); });
    case Handshake::Kind::refused:
      return end(handshake.after, {.http_status = handshake.status, .error_text = "answered " + std::to_string(handshake.status)});
    default: return end(handshake.after, failure(handshake.error, "scripted failure"));
  }
}

void FakeWebSocket::open() {
  if (state_ != State::connecting) return;
  state_ = State::open;
  host_.raise_websocket(ticket_, BELFRY_WEBSOCKET_OPEN, {});
  pass_on();
}

void FakeWebSocket::push(std::uint32_t kind, std::string data) {
  if (last_) throw std::logic_error("FakeWebSocket: the peer has closed");
  const auto most = request_.max_message_bytes == 0 ? kUsualMessage : std::min(request_.max_message_bytes, kLargestMessage);
  if (data.size() > most) return drop(HttpError::too_large);
  waiting_.emplace_back(kind, std::move(data));
  pass_on();
}

void FakeWebSocket::close(std::uint32_t code, std::string reason) {
  if (last_) throw std::logic_error("FakeWebSocket: the peer has closed");
  last_ = WebSocketEvent{.data = std::move(reason), .close_code = code};
  pass_on();
}

void FakeWebSocket::drop(HttpError error) {
  waiting_.clear();
  end(Millis{0}, failure(error, "scripted failure"));
}

// As far as the sink has asked for it.
void FakeWebSocket::pass_on() {
  if (state_ != State::open) return;
  while (asked_ > 0 && !waiting_.empty()) {
    --asked_;
    auto [kind, data] = std::move(waiting_.front());
    waiting_.pop_front();
    host_.later(Millis{0}, [this, kind, text = std::move(data)] {
      if (state_ == State::open) host_.raise_websocket(ticket_, kind, {.data = text});
    });
  }
  if (last_ && waiting_.empty()) end(Millis{0}, *last_);
}

void FakeWebSocket::end(Millis after, WebSocketEvent event) {
  host_.later(after, [this, event = std::move(event)] {
    if (state_ == State::closed) return;
    state_ = State::closed;
    host_.raise_websocket(ticket_, BELFRY_WEBSOCKET_CLOSED, event);
  });
}

void FakeWebSocket::on_receive(std::uint32_t messages) {
  asked_ += messages;
  pass_on();
}

bool FakeWebSocket::on_send(std::string_view text) {
  if (!is_utf8(text)) host_.violate("websocket: a text that is not UTF-8");
  if (state_ != State::open || clogged_) return false;
  sent_.emplace_back(text);
  return true;
}

void FakeWebSocket::on_close(std::uint32_t code, std::string_view reason) {
  if (code != 1000 && (code < 3000 || code > 4999))
    host_.violate("websocket: a close code is 1000 or 3000..4999, not " + std::to_string(code));
  if (reason.size() > 123 || !is_utf8(reason)) host_.violate("websocket: the reason of a close is UTF-8 of at most 123 bytes");
  if (closed_by_sink_ || state_ == State::closed) return;
  closed_by_sink_ = Close{code, std::string(reason)};
  if (state_ == State::connecting) return end(Millis{0}, failure(HttpError::closed, "closed before it was open"));
  state_ = State::closing;
  if (ignores_close_) return end(kCloseLimit, failure(HttpError::timeout, "the peer did not answer the close"));
  end(Millis{0}, {.close_code = code});
}

// ---- The host's side ---------------------------------------------------------------------------------------------------------

void FakeHost::on_websocket(std::string url_part, HandshakeRule rule) {
  websocket_rules_.emplace_back(std::move(url_part), std::move(rule));
}

FakeWebSocket& FakeHost::websocket() {
  if (websockets_.empty()) throw std::logic_error("FakeHost: no websocket was asked for");
  return websockets_.back();
}

belfry_ticket FakeHost::on_connect(const belfry_websocket_request& raw) {
  WebSocketRequest request(std::string(sd::view(raw.url)));
  request.timeout = Millis(raw.timeout_ms);
  request.ping_interval = Millis(raw.ping_interval_ms);
  request.pong_timeout = Millis(raw.pong_timeout_ms);
  request.idle_timeout = Millis(raw.idle_timeout_ms);
  request.max_message_bytes = raw.max_message_bytes;
  if (!request.url.starts_with("wss://") && !request.url.starts_with("ws://")) violate("websocket: not an absolute URL: " + request.url);
  if (has_line_break(request.url)) violate("websocket: a URL with a line break");
  if (raw.max_message_bytes > kLargestMessage) violate("websocket: max_message_bytes is over 16 MiB");
  for (std::uint32_t i = 0; i < raw.header_count; ++i) {
    request.headers.push_back({std::string(sd::view(raw.headers[i].name)), std::string(sd::view(raw.headers[i].value))});
    if (has_line_break(request.headers.back().name) || has_line_break(request.headers.back().value)) {
      violate("websocket: a header with a line break: " + request.headers.back().name);
    }
  }
  const auto ticket = next_ticket();
  auto& opened = websockets_.emplace_back(*this, ticket, std::move(request));
  const auto rule = std::find_if(websocket_rules_.rbegin(), websocket_rules_.rend(),
                                 [&](const auto& entry) { return opened.url().find(entry.first) != std::string::npos; });
  if (rule == websocket_rules_.rend()) violate("a websocket that no rule matches: " + opened.url());
  opened.answer(rule == websocket_rules_.rend() ? Handshake::fail(HttpError::connect) : rule->second(opened));
  return ticket;
}

FakeWebSocket* FakeHost::find_websocket(belfry_ticket ticket) {
  const auto found = std::ranges::find(websockets_, ticket, &FakeWebSocket::ticket_);
  if (found != websockets_.end()) return &*found;
  violate("websocket: an unknown ticket");
  return nullptr;
}

void FakeHost::later(Millis after, std::function<void()> action) { bring(next_ticket(), 0, after, std::move(action)); }

void FakeHost::raise_websocket(belfry_ticket ticket, std::uint32_t kind, const WebSocketEvent& said) {
  belfry_websocket_event raw{};
  raw.size = sizeof raw;
  raw.kind = kind;
  raw.data = sd::str(said.data);
  raw.close_code = said.close_code;
  raw.error = static_cast<std::uint32_t>(said.error);
  raw.http_status = static_cast<std::uint32_t>(said.http_status);
  raw.error_text = sd::str(said.error_text);
  event(ticket, BELFRY_EVENT_WEBSOCKET, &raw);
}

}  // namespace belfry::testkit
