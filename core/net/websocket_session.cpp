#include "net/websocket_session.hpp"

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
#include "net/http_wire.hpp"

namespace belfry::net {

namespace beast = boost::beast;
namespace ws = boost::beast::websocket;
using Kind = ClientError::Kind;

namespace {

constexpr std::size_t kPiece = 64 * 1024;  // of a message, between two signs of life
constexpr std::size_t kMostDropped = 256 * 1024;
constexpr base::Millis kHangUp{2'000};
constexpr base::Millis kBetweenCalls{10};    // to give up, while an operation has not heard one
constexpr std::size_t kLongestReason = 123;  // RFC 6455 section 5.5

base::SteadyTime now() { return std::chrono::steady_clock::now(); }

// Our stream as Beast wants it: reading and writing at the same time, without a deadline of its own.
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

// Found by Beast. The session ends the stream itself, after the last frame.
template <class Handler>
void async_teardown(beast::role_type, Adapter& adapter, Handler&& handler) {
  asio::post(adapter.get_executor(), beast::bind_handler(std::forward<Handler>(handler), error_code{}));
}
void beast_close_socket(Adapter& adapter) { adapter.stream->close(); }

bool belongs_to_the_handshake(std::string_view name) {
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
      limit_(stream_->executor()),
      asked_(stream_->executor()),
      pulse_(stream_->executor()),
      returned_(stream_->executor()) {
  auto& frames = protocol_->frames;
  frames.read_message_max(request_.max_message);
  frames.auto_fragment(false);
  frames.text(true);
  frames.set_option(ws::stream_base::decorator([headers = request_.headers](ws::request_type& out) {
    if (!headers.get("User-Agent")) out.set(beast::http::field::user_agent, "belfry");
    for (const auto& [name, value] : headers.list()) {
      if (!belongs_to_the_handshake(name)) out.insert(name, value);
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
    self->conclude(self->failure(Kind::closed, "was given up after an internal error"), false);
    std::rethrow_exception(thrown);
  };
  asio::co_spawn(stream_->executor(), routine(self), asio::bind_cancellation_slot(cancel.slot(), std::move(done)));
}

void WebSocketSession::start(base::SteadyTime deadline) {
  stream_->expires_at(base::SteadyTime::max());  // the limits here take over
  limit(deadline, "did not open in time");
  spawn(run, cancel_reading_);
}

Awaitable<void> WebSocketSession::run(std::shared_ptr<WebSocketSession> self) {
  if (!co_await self->shake_hands() || self->ended_) co_return;
  self->limit_.cancel();
  self->liveness_.emplace(Liveness::Limits{self->request_.ping_interval, self->request_.pong_timeout, self->request_.idle_timeout}, now());
  self->protocol_->frames.control_callback([raw = self.get()](ws::frame_type kind, beast::string_view) {
    if (kind == ws::frame_type::ping ? raw->liveness_->active(now()) : raw->liveness_->heard()) raw->pulse_.wake();
  });
  self->outbox_->open();
  self->handler_({.kind = WebSocketEvent::Kind::open});
  self->spawn(keep_alive, self->cancel_pulse_);
  self->reading_ = true;
  do {
    co_await self->wait_until_asked();
  } while (co_await self->read_message());
}

Awaitable<bool> WebSocketSession::shake_hands() {
  ws::response_type answer;
  error_code ec;
  co_await protocol_->frames.async_handshake(answer, url_.authority, url_.target, returning(ec));
  if (!ec) co_return true;
  if (ec == ws::error::upgrade_declined) {
    const auto status = static_cast<int>(answer.result_int());
    auto event = failure(Kind::bad_response, "answered " + std::to_string(status) + " instead of opening a WebSocket");
    event.error.reset();
    event.http_status = status;
    conclude(std::move(event), true);
  } else {
    ended(ec);
  }
  co_return false;
}

// ---- What comes in ------------------------------------------------------------------------------------------------------------

void WebSocketSession::receive(std::uint64_t messages) {
  wanted_ += messages;
  asked_.wake();
}

Awaitable<void> WebSocketSession::wait_until_asked() {
  if (wanted_ > 0) co_return;
  reading_ = false;
  liveness_->pause();
  while (wanted_ == 0 && !goodbye_ && !ended_) co_await asked_.wait_until(from_now(base::Millis::max()));
  reading_ = true;
  liveness_->resume(now());
  pulse_.wake();
}

// False: that was the last. Once the goodbye is under way Beast does the reading itself.
Awaitable<bool> WebSocketSession::read_message() {
  auto& frames = protocol_->frames;
  std::string text;
  auto into = asio::dynamic_buffer(text, request_.max_message);
  do {
    if (goodbye_ || ended_) co_return false;
    error_code ec;
    co_await frames.async_read_some(into, kPiece, returning(ec));
    if (ec) ended(ec);
    if (ended_) co_return false;
    if (liveness_->active(now())) pulse_.wake();
  } while (!frames.is_message_done());
  if (goodbye_ || ended_) co_return false;
  --wanted_;
  if (frames.got_text() && !base::is_utf8(text)) {
    ended(ws::error::bad_frame_payload);  // Beast misses a character that an empty last frame cuts off
    co_return false;
  }
  handler_({.kind = frames.got_text() ? WebSocketEvent::Kind::text : WebSocketEvent::Kind::binary, .data = std::move(text)});
  co_return true;
}

// ---- What goes out ------------------------------------------------------------------------------------------------------------

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
    // What the peer said last is worth more than that it can no longer be written to: the reading finds both.
    if (!self->reading_ || self->goodbye_) self->ended(ec);
    co_return;
  }
  self->writing_ = false;
  if (self->goodbye_) co_await self->say_goodbye();
}

void WebSocketSession::close(std::uint16_t code, std::string reason) {
  if (ended_ || goodbye_) return;
  outbox_->shut();
  goodbye_.emplace(code, reason.substr(0, kLongestReason));
  if (!liveness_) return conclude(failure(Kind::cancelled, "was closed before it was open"), false);
  limit(from_now(request_.close_timeout), "did not answer the close in time");
  asked_.wake();
  pulse_.wake();
  flush();
}

Awaitable<void> WebSocketSession::say_goodbye() {
  auto& frames = protocol_->frames;
  if (!frames.is_open()) co_return;  // the peer was first: the reading ends it
  ws::close_reason reason;
  reason.code = goodbye_->code;
  reason.reason = goodbye_->reason;
  error_code ec;
  co_await frames.async_close(reason, returning(ec));
  if (!ec) ec = ws::error::closed;
  ended(ec);
}

// ---- The end ------------------------------------------------------------------------------------------------------------------

Awaitable<void> WebSocketSession::keep_alive(std::shared_ptr<WebSocketSession> self) {
  using Do = Liveness::Next::Do;
  const auto give_up = [&](std::string_view what) { self->conclude(self->failure(Kind::timeout, std::string(what)), false); };
  while (!self->ended_ && !self->goodbye_) {
    const auto next = self->liveness_->next(now());
    if (next.what == Do::give_up_silent) co_return give_up("did not answer a ping in time");
    if (next.what == Do::give_up_idle) co_return give_up("sent nothing for too long");
    if (next.what == Do::ping)
      self->spawn(ping, self->cancel_ping_);
    else
      co_await self->pulse_.wait_until(std::min(next.until, from_now(base::Millis::max())));
  }
}

Awaitable<void> WebSocketSession::ping(std::shared_ptr<WebSocketSession> self) {
  error_code ec;
  co_await self->protocol_->frames.async_ping({}, returning(ec));
  if (ec) co_return;
  self->liveness_->ping_written();
  self->pulse_.wake();
}

void WebSocketSession::limit(base::SteadyTime deadline, std::string detail) {
  limit_.expires_at(deadline);
  limit_.async_wait([weak = weak_from_this(), detail = std::move(detail)](error_code cancelled) {
    const auto self = weak.lock();
    if (self && !cancelled) self->conclude(self->failure(Kind::timeout, detail), false);
  });
}

void WebSocketSession::ended(error_code ec) {
  // Another operation has ended it, or is about to, and knows why.
  if (ended_ || ec == asio::error::operation_aborted) return;
  conclude(explain(ec), true);
}

// `answered`: what was to be said is on its way, and a reset must not overtake it.
void WebSocketSession::conclude(WebSocketEvent event, bool answered) {
  if (std::exchange(ended_, true)) return;
  outbox_->shut();
  limit_.cancel();
  asked_.wake();
  pulse_.wake();
  if (!answered) stream_->close();
  spawn(hang_up, cancel_hanging_up_);
  handler_(std::move(event));
  handler_ = nullptr;
}

Awaitable<void> WebSocketSession::hang_up(std::shared_ptr<WebSocketSession> self) {
  self->stream_->expires_after(kHangUp);
  co_await self->stream_->finish(kMostDropped);
  // A read that finds garbage while a close is being written waits for that one, which waits for the read (Beast of Boost 1.81): without
  // this neither would end, nor the session. Again, because an operation that is between two of its steps does not hear it, and one that
  // is given up keeps the lock that the other waits for.
  while (self->routines_ > 1) {
    for (auto* cancel : {&self->cancel_reading_, &self->cancel_writing_, &self->cancel_ping_})
      cancel->emit(asio::cancellation_type::terminal);
    if (self->routines_ > 1) co_await self->returned_.wait_until(from_now(kBetweenCalls));
  }
}

WebSocketEvent WebSocketSession::failure(Kind kind, std::string what) const {
  return {.error = kind, .detail = url_.origin.text() + " " + std::move(what)};
}

WebSocketEvent WebSocketSession::explain(error_code ec) const {
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
  if (protocol || (http && !cut)) return failure(Kind::bad_response, "sent what is no WebSocket: " + ec.message());
  // A server that does not like our certificate says so only now.
  const bool tls = category == asio::error::get_ssl_category();
  return failure(tls ? Kind::tls : Kind::closed, "ended the connection: " + ec.message());
}

}  // namespace belfry::net
