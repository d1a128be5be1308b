#include "net/server_session.hpp"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/http/error.hpp>

#include "net/http_wire.hpp"
#include "net/request_rules.hpp"

namespace belfry::net {

namespace http = boost::beast::http;

namespace {

constexpr std::size_t kReadSize = 16 * 1024;

ServerResponse busy(std::string_view line) {
  auto response = text_response(503, line);
  response.headers.add("Retry-After", "5");
  return response;
}

}  // namespace

// Answers once. Going without having answered is an answer too.
class PendingReply {
 public:
  PendingReply(std::weak_ptr<Session> session, std::uint64_t request) : session_(std::move(session)), request_(request) {}
  PendingReply(PendingReply&& other) noexcept
      : session_(std::move(other.session_)), request_(other.request_), open_(std::exchange(other.open_, false)) {}
  PendingReply& operator=(PendingReply&&) = delete;
  ~PendingReply() {
    if (open_) (*this)(text_response(500, "the request was dropped without an answer"));
  }

  void operator()(ServerResponse response) {
    if (!std::exchange(open_, false)) return;
    const auto session = session_.lock();
    if (!session) return;
    asio::dispatch(session->executor_, [session, request = request_, response = std::move(response)]() mutable {
      session->answered(request, std::move(response));
    });
  }

 private:
  std::weak_ptr<Session> session_;
  std::uint64_t request_;
  bool open_ = true;
};

Session::Session(Stream::Socket socket, Terms terms, std::shared_ptr<SessionHost> host)
    : stream_(std::make_shared<Stream>(std::move(socket))),
      executor_(stream_->executor()),
      terms_(std::move(terms)),
      host_(std::move(host)),
      remote_(stream_->peer()),
      buffer_(std::max(terms_.limits.max_header, kReadSize) + kReadSize),
      answered_(executor_) {}

void Session::drain() {
  asio::post(executor_, [self = shared_from_this()] {
    self->leaving_ = true;
    if (self->waiting_ && self->stream_->quiet()) self->stream_->expire();
  });
}

void Session::stop() {
  asio::post(executor_, [self = shared_from_this()] {
    self->stream_->close();
    self->answered_.wake();
  });
}

Awaitable<void> Session::run() {
  if (terms_.tls) {
    error_code ec;
    stream_->expires_after(terms_.limits.tls_handshake);
    co_await stream_->accept_tls(*terms_.tls, ec);
    if (ec) co_return;
    client_subject_ = stream_->peer_subject();
  }
  while (co_await exchange()) {
  }
  stream_->expires_after(terms_.limits.linger);
  co_await stream_->finish(terms_.limits.linger_bytes);
}

Awaitable<bool> Session::exchange() {
  RequestParser parser;
  ServerRequest request;
  Router::Match match;
  Step step = co_await read_head(parser);
  if (step == Step::done) step = judge(parser, request, match);
  if (step == Step::done) step = co_await read_body(parser, match.route->max_body, wants_continue(request.headers));
  if (step == Step::gone) co_return false;

  const bool head_only = request.method == "HEAD";
  ServerResponse response;
  if (step == Step::done) {
    request.body = std::move(parser.body);
    response = co_await handled(match, std::move(request));
  } else {
    response = std::move(refusal_);
  }
  // What is left of a request that was not read to its end must not be taken for the next one.
  const bool keep_alive = parser.is_done() && parser.keep_alive() && !response.close && !terms_.last && !leaving_ && !host_->draining();
  co_return co_await send(response, head_only, keep_alive, parser.version == 10) && keep_alive;
}

Session::Step Session::refuse(ServerResponse response) {
  refusal_ = std::move(response);
  refusal_.close = true;
  return Step::refused;
}

Awaitable<Session::Step> Session::fill() {
  const auto room = std::min(kReadSize, buffer_.max_size() - buffer_.size());
  if (room == 0) co_return refuse(400, "bad request: a line is too long");
  error_code ec;
  buffer_.commit(co_await stream_->read_some(buffer_.prepare(room), ec));
  if (!ec) co_return Step::done;
  if (ec == asio::error::timed_out && !waiting_) co_return refuse(408, "the request did not arrive in time");
  co_return Step::gone;
}

Awaitable<Session::Step> Session::read_head(RequestParser& parser) {
  const auto& limits = terms_.limits;
  // Clients keep connections that they dialled and did not use; those are idle like the others.
  waiting_ = buffer_.size() == 0;
  if (waiting_ && (leaving_ || host_->draining()) && stream_->quiet()) co_return Step::gone;
  const auto patience = terms_.refuse ? limits.linger : limits.request;
  stream_->expires_after(waiting_ && !terms_.refuse ? limits.idle : patience);
  parser.header_limit(static_cast<std::uint32_t>(limits.max_header + 4));
  parser.body_limit(boost::none);  // the route's, once it is known
  parser.eager(false);

  bool begun = false;  // RFC 9112 section 2.2: empty lines before a request are ignored
  std::size_t parsed = 0;
  for (;;) {
    if (buffer_.size() > 0) {
      if (std::exchange(waiting_, false)) stream_->expires_after(patience);
      const auto* bytes = static_cast<const char*>(buffer_.data().data());
      if (!begun && bytes[0] == '\r' && buffer_.size() > 1 && bytes[1] == '\n') {
        buffer_.consume(2);
        continue;
      }
      begun = begun || bytes[0] != '\r';
    }
    if (begun) {
      error_code ec;
      const auto used = parser.put(buffer_.data(), ec);
      parsed += used;
      buffer_.consume(used);
      const auto head = parser.is_header_done() ? parsed : parsed + buffer_.size();
      if (ec == http::error::header_limit || head > limits.max_header) co_return refuse(431, "the header of the request is too long");
      if (ec && ec != http::error::need_more) co_return refuse(400, "bad request: " + ec.message());
      if (parser.is_header_done()) co_return Step::done;
    }
    if (const Step step = co_await fill(); step != Step::done) co_return step;
  }
}

Session::Step Session::judge(RequestParser& parser, ServerRequest& request, Router::Match& match) {
  request = take_request(parser);
  request.remote = remote_;
  request.client_subject = client_subject_;
  if (auto refusal = refuse_head(request, parser.version)) return refuse(std::move(*refusal));
  if (host_->draining()) return refuse(busy("the server is shutting down"));
  if (terms_.refuse) return refuse(busy("the server has too many connections"));
  match = host_->match(request);
  if (!match.route) {
    refusal_ = std::move(match.refusal);
    return Step::refused;
  }
  const auto length = parser.content_length();
  if (length && *length > match.route->max_body)
    return refuse(413, "the body is larger than " + std::to_string(match.route->max_body) + " bytes");
  return Step::done;
}

Awaitable<Session::Step> Session::read_body(RequestParser& parser, std::size_t most, bool wants_continue) {
  parser.body_limit(std::uint64_t{most});
  parser.eager(true);
  if (!parser.is_done() && parser.version == 11 && buffer_.size() == 0 && wants_continue) {
    error_code ec;
    co_await stream_->write("HTTP/1.1 100 Continue\r\n\r\n", ec);
    if (ec) co_return Step::gone;
  }
  while (!parser.is_done()) {
    if (buffer_.size() > 0) {
      error_code ec;
      buffer_.consume(parser.put(buffer_.data(), ec));
      if (ec == http::error::body_limit) co_return refuse(413, "the body is larger than " + std::to_string(most) + " bytes");
      if (ec && ec != http::error::need_more) co_return refuse(400, "bad request: " + ec.message());
      if (parser.is_done()) break;
    }
    if (const Step step = co_await fill(); step != Step::done) co_return step;
  }
  co_return Step::done;
}

Awaitable<ServerResponse> Session::handled(const Router::Match& match, ServerRequest request) {
  ++request_;
  answer_.reset();
  host_->call(*match.route, std::move(request), PendingReply(weak_from_this(), request_));
  if (!answer_) co_await answered_.wait_until(from_now(terms_.limits.handler));
  if (!answer_) {
    ++request_;
    co_return busy("the request was not handled in time");
  }
  if (!is_sendable(*answer_)) co_return text_response(500, "the answer of the handler is not valid HTTP");
  co_return std::move(*answer_);
}

void Session::answered(std::uint64_t request, ServerResponse response) {
  if (request != request_ || answer_) return;
  answer_ = std::move(response);
  answered_.wake();
}

Awaitable<bool> Session::send(const ServerResponse& response, bool head_only, bool keep_alive, bool http_1_0) {
  if (const auto now = std::time(nullptr); now != date_time_) {
    date_time_ = now;
    date_ = http_date(now);
  }
  out_.clear();
  append_response(out_, response, {.head_only = head_only, .keep_alive = keep_alive, .http_1_0 = http_1_0, .date = date_});
  error_code ec;
  stream_->expires_after(terms_.limits.write);
  co_await stream_->write(out_, ec);
  if (ec) stream_->reset();  // else the kernel would keep the rest for a reader that does not come
  co_return !ec;
}

}  // namespace belfry::net
