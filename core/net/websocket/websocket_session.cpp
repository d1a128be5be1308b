#include "net/websocket/websocket_session.hpp"

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/websocket/error.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "base/utf8.hpp"
#include "net/http_serializer.hpp"

namespace belfry::net {

namespace beast = boost::beast;
namespace ws = boost::beast::websocket;
using Kind = ClientError::Kind;

namespace {

constexpr std::size_t kPiece = 64 * 1024;  // bytes of a message per read: each read counts as activity
constexpr std::size_t kMaxDrained = 256 * 1024;
constexpr base::Millis kHangUp{2'000};
constexpr base::Millis kBetweenCalls{10};     // until an operation that missed a cancellation is cancelled again
constexpr std::size_t kMaxCloseReason = 123;  // RFC 6455 section 5.5

base::SteadyTime now() { return std::chrono::steady_clock::now(); }

// Adapts Stream to Beast's AsyncStream: concurrent reads and writes, without the stream's deadline.
struct Adapter {
  using executor_type = Executor;
  executor_type get_executor() { return stream->executor(); }
  template <class Buffers, class Handler>
  auto async_read_some(const Buffers& into, Handler&& handler) {
    return stream->async_read_some(into, std::forward<Handler>(handler));
  }
  template <class Buffers, class Handler>
  auto async_write_some(const Buffers& bytes, Handler&& handler) {
    return stream->async_write_some(bytes, std::forward<Handler>(handler));
  }

  std::shared_ptr<Stream> stream;
};

// Customization points, found by Beast through ADL. The session closes the stream itself, after the last frame.
template <class Handler>
void async_teardown(beast::role_type, Adapter& adapter, Handler&& handler) {
  asio::post(adapter.get_executor(), beast::bind_handler(std::forward<Handler>(handler), error_code{}));
}
void beast_close_socket(Adapter& adapter) { adapter.stream->close(); }

bool is_handshake_header(std::string_view name) {
  constexpr std::string_view kPrefix = "Sec-WebSocket-";
  if (equal_ignoring_case(name.substr(0, kPrefix.size()), kPrefix)) return true;
  return std::ranges::any_of(
      std::initializer_list<std::string_view>{"Host", "Connection", "Upgrade", "Content-Length", "Transfer-Encoding"},
      [&](std::string_view own) { return equal_ignoring_case(name, own); });
}

}  // namespace

struct WebSocketSession::Protocol {
  ws::stream<Adapter, false> frames;
};

WebSocketSession::WebSocketSession(std::shared_ptr<Stream> stream, WebSocketRequest request, Url url,
                                   std::shared_ptr<WebSocketOutbox> outbox, WebSocketHandler handler)
    : request_(std::move(request)),
      url_(std::move(url)),
      stream_(std::move(stream)),
      outbox_(std::move(outbox)),
      handler_(std::move(handler)),
      protocol_(std::make_unique<Protocol>(Protocol{ws::stream<Adapter, false>(Adapter{stream_})})),
      deadline_timer_(stream_->executor()),
      credit_changed_(stream_->executor()),
      liveness_changed_(stream_->executor()),
      returned_(stream_->executor()) {
  auto& frames = protocol_->frames;
  frames.read_message_max(request_.max_message);
  frames.auto_fragment(false);
  frames.text(true);
  frames.set_option(ws::stream_base::decorator([headers = request_.headers](ws::request_type& out) {
    if (!headers.get("User-Agent")) out.set(beast::http::field::user_agent, "belfry");
    for (const auto& [name, value] : headers.list()) {
      if (!is_handshake_header(name)) out.insert(name, value);
    }
  }));
}

WebSocketSession::~WebSocketSession() = default;

void WebSocketSession::spawn(Awaitable<void> (*routine)(std::shared_ptr<WebSocketSession>), asio::cancellation_signal& cancel) {
  const auto self = shared_from_this();
  ++routines_;
  auto done = [self](std::exception_ptr thrown) {
    --self->routines_;
    self->returned_.wake();
    if (!thrown) return;
    self->finish(self->failure(Kind::closed, "was disconnected after an internal error"), false);
    std::rethrow_exception(thrown);
  };
  asio::co_spawn(stream_->executor(), routine(self), asio::bind_cancellation_slot(cancel.slot(), std::move(done)));
}

void WebSocketSession::start(base::SteadyTime deadline) {
  stream_->expires_at(base::SteadyTime::max());  // the session has its own timeouts
  set_deadline(deadline, "did not open in time");
  spawn(run, cancel_reading_);
}

Awaitable<void> WebSocketSession::run(std::shared_ptr<WebSocketSession> self) {
  if (!co_await self->handshake() || self->ended_) co_return;
  self->deadline_timer_.cancel();
  self->liveness_.emplace(Liveness::Limits{self->request_.ping_interval, self->request_.pong_timeout, self->request_.idle_timeout}, now());
  self->protocol_->frames.control_callback([raw = self.get()](ws::frame_type kind, beast::string_view) {
    if (kind == ws::frame_type::ping ? raw->liveness_->on_activity(now()) : raw->liveness_->on_received()) raw->liveness_changed_.wake();
  });
  self->outbox_->open();
  self->handler_({.kind = WebSocketEvent::Kind::open});
  self->spawn(keep_alive, self->cancel_keep_alive_);
  self->reading_ = true;
  do {
    co_await self->wait_for_credit();
  } while (co_await self->read_message());
}

Awaitable<bool> WebSocketSession::handshake() {
  ws::response_type answer;
  error_code ec;
  co_await protocol_->frames.async_handshake(answer, url_.authority, url_.target, returning(ec));
  if (!ec) co_return true;
  if (ec == ws::error::upgrade_declined) {
    const auto status = static_cast<int>(answer.result_int());
    auto event = failure(Kind::bad_response, "answered " + std::to_string(status) + " instead of opening a WebSocket");
    event.error.reset();
    event.http_status = status;
    finish(std::move(event), true);
  } else {
    on_error(ec);
  }
  co_return false;
}

// ---- Receiving ----------------------------------------------------------------------------------------------------------------

void WebSocketSession::receive(std::uint64_t messages) {
  credit_ += messages;
  credit_changed_.wake();
}

Awaitable<void> WebSocketSession::wait_for_credit() {
  if (credit_ > 0) co_return;
  reading_ = false;
  liveness_->pause();
  while (credit_ == 0 && !close_frame_ && !ended_) co_await credit_changed_.wait_until(from_now(base::Millis::max()));
  reading_ = true;
  liveness_->resume(now());
  liveness_changed_.wake();
}

// False: no further message. After close() Beast reads the remaining frames itself.
Awaitable<bool> WebSocketSession::read_message() {
  auto& frames = protocol_->frames;
  std::string text;
  auto into = asio::dynamic_buffer(text, request_.max_message);
  do {
    if (close_frame_ || ended_) co_return false;
    error_code ec;
    co_await frames.async_read_some(into, kPiece, returning(ec));
    if (ec) on_error(ec);
    if (ended_) co_return false;
    if (liveness_->on_activity(now())) liveness_changed_.wake();
  } while (!frames.is_message_done());
  if (close_frame_ || ended_) co_return false;
  --credit_;
  if (frames.got_text() && !base::is_utf8(text)) {
    on_error(ws::error::bad_frame_payload);  // Beast does not detect a character that is truncated by an empty last frame
    co_return false;
  }
  handler_({.kind = frames.got_text() ? WebSocketEvent::Kind::text : WebSocketEvent::Kind::binary, .data = std::move(text)});
  co_return true;
}

// ---- Sending ------------------------------------------------------------------------------------------------------------------

void WebSocketSession::flush() {
  if (std::exchange(writing_, true)) return;
  spawn(write_out, cancel_writing_);
}

Awaitable<void> WebSocketSession::write_out(std::shared_ptr<WebSocketSession> self) {
  while (auto text = self->outbox_->pop()) {
    error_code ec;
    co_await self->protocol_->frames.async_write(asio::buffer(*text), returning(ec));
    self->outbox_->written(text->size());
    if (self->ended_) co_return;
    if (!ec) continue;
    // While reading, leave the error to the read: it also finds the peer's last message or close frame.
    if (!self->reading_ || self->close_frame_) self->on_error(ec);
    co_return;
  }
  self->writing_ = false;
  if (self->close_frame_) co_await self->send_close();
}

void WebSocketSession::close(std::uint16_t code, std::string reason) {
  if (ended_ || close_frame_) return;
  outbox_->close();
  close_frame_.emplace(code, reason.substr(0, kMaxCloseReason));
  if (!liveness_) return finish(failure(Kind::cancelled, "was disconnected before the WebSocket opened"), false);
  set_deadline(from_now(request_.close_timeout), "did not answer the close in time");
  credit_changed_.wake();
  liveness_changed_.wake();
  flush();
}

Awaitable<void> WebSocketSession::send_close() {
  auto& frames = protocol_->frames;
  if (!frames.is_open()) co_return;  // the peer closed first: the read ends the session
  ws::close_reason reason;
  reason.code = close_frame_->code;
  reason.reason = close_frame_->reason;
  error_code ec;
  co_await frames.async_close(reason, returning(ec));
  if (!ec) ec = ws::error::closed;
  on_error(ec);
}

// ---- Closing ------------------------------------------------------------------------------------------------------------------

Awaitable<void> WebSocketSession::keep_alive(std::shared_ptr<WebSocketSession> self) {
  using Action = Liveness::Next::Action;
  const auto give_up = [&](std::string_view what) { self->finish(self->failure(Kind::timeout, std::string(what)), false); };
  while (!self->ended_ && !self->close_frame_) {
    const auto next = self->liveness_->next(now());
    if (next.action == Action::close_unresponsive) co_return give_up("did not answer a ping in time");
    if (next.action == Action::close_idle) co_return give_up("sent nothing for too long");
    if (next.action == Action::ping)
      self->spawn(ping, self->cancel_ping_);
    else
      co_await self->liveness_changed_.wait_until(std::min(next.until, from_now(base::Millis::max())));
  }
}

Awaitable<void> WebSocketSession::ping(std::shared_ptr<WebSocketSession> self) {
  error_code ec;
  co_await self->protocol_->frames.async_ping({}, returning(ec));
  if (ec) co_return;
  self->liveness_->ping_written();
  self->liveness_changed_.wake();
}

void WebSocketSession::set_deadline(base::SteadyTime deadline, std::string detail) {
  deadline_timer_.expires_at(deadline);
  deadline_timer_.async_wait([weak = weak_from_this(), detail = std::move(detail)](error_code cancelled) {
    const auto self = weak.lock();
    if (self && !cancelled) self->finish(self->failure(Kind::timeout, detail), false);
  });
}

void WebSocketSession::on_error(error_code ec) {
  // An aborted operation is not the cause: another operation has reported it, or is about to.
  if (ended_ || ec == asio::error::operation_aborted) return;
  finish(closed_event(ec), true);
}

// `answered`: the last frame is being sent, and closing the stream now could reset the connection before it arrives.
void WebSocketSession::finish(WebSocketEvent event, bool answered) {
  if (std::exchange(ended_, true)) return;
  outbox_->close();
  deadline_timer_.cancel();
  credit_changed_.wake();
  liveness_changed_.wake();
  if (!answered) stream_->close();
  spawn(hang_up, cancel_hanging_up_);
  handler_(std::move(event));
  handler_ = nullptr;
}

Awaitable<void> WebSocketSession::hang_up(std::shared_ptr<WebSocketSession> self) {
  self->stream_->expires_after(kHangUp);
  co_await self->stream_->finish(kMaxDrained);
  // Beast of Boost 1.81 can deadlock: a read that finds an invalid frame while a close is being written waits for the close, and the close
  // waits for the read. Cancelling both ends them and the session. The cancellation is repeated because an operation between two of its
  // steps misses it, and a cancelled operation keeps the lock that the other one waits for.
  while (self->routines_ > 1) {
    for (auto* cancel : {&self->cancel_reading_, &self->cancel_writing_, &self->cancel_ping_})
      cancel->emit(asio::cancellation_type::terminal);
    if (self->routines_ > 1) co_await self->returned_.wait_until(from_now(kBetweenCalls));
  }
}

WebSocketEvent WebSocketSession::failure(Kind kind, std::string what) const {
  return {.error = kind, .detail = url_.origin.text() + " " + std::move(what)};
}

WebSocketEvent WebSocketSession::closed_event(error_code ec) const {
  if (ec == ws::error::closed) {
    const auto& reason = protocol_->frames.reason();
    const auto code = reason.code == ws::close_code::none ? std::uint16_t{1005} : reason.code;
    return {.data = std::string(reason.reason.data(), reason.reason.size()), .close_code = code};
  }
  if (ec == ws::error::message_too_big || ec == ws::error::buffer_overflow) {
    return failure(Kind::too_large, "sent a message of more than " + std::to_string(request_.max_message) + " bytes");
  }
  const auto& category = ec.category();
  const bool protocol = category == error_code(ws::error::closed).category();
  const bool http = category == error_code(beast::http::error::bad_status).category();
  const bool cut = ec == beast::http::error::end_of_stream || ec == beast::http::error::partial_message;
  if (protocol || (http && !cut)) return failure(Kind::bad_response, "violated the WebSocket protocol: " + ec.message());
  // With TLS 1.3 a server rejects our certificate only after the handshake.
  const bool tls = category == asio::error::get_ssl_category();
  return failure(tls ? Kind::tls : Kind::closed, "ended the connection: " + ec.message());
}

}  // namespace belfry::net
