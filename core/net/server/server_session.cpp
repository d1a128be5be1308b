#include "net/server/server_session.hpp"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/http/error.hpp>

#include "net/http_serializer.hpp"
#include "net/server/request_rules.hpp"

namespace belfry::net {

namespace http = boost::beast::http;

namespace {

constexpr std::size_t kReadSize = 16 * 1024;

// Fits most requests, and bounds the memory of a connection without a request.
constexpr std::size_t kFirstRead = 4 * 1024;

// Initial capacity for a body of unknown size.
constexpr std::size_t kMaxReserved = 1024 * 1024;

// Bodies up to this size count as part of the connection and need no reservation.
constexpr std::size_t kMaxUnreservedBody = 16 * 1024;

ServerResponse service_unavailable(std::string_view line) {
  auto response = text_response(503, line);
  response.headers.add("Retry-After", "5");
  return response;
}

// The text of a refusal; empty: the response is not a refusal.
std::string_view why_refused(const ServerResponse& response) {
  if (!response.why.empty()) return response.why;
  if (response.status < 400 || !response.headers.get("Content-Type").value_or("").starts_with("text/plain")) return {};
  return std::string_view(response.body).substr(0, response.body.find('\n'));
}

}  // namespace

// Replies exactly once; destroying it unreplied sends 500.
class PendingReply {
 public:
  PendingReply(std::weak_ptr<Session> session, std::uint64_t request, std::shared_ptr<BodyBudget::Reservation> reservation)
      : session_(std::move(session)), request_(request), reservation_(std::move(reservation)) {}
  PendingReply(PendingReply&& other) noexcept
      : session_(std::move(other.session_)),
        request_(other.request_),
        reservation_(std::move(other.reservation_)),
        open_(std::exchange(other.open_, false)) {}
  PendingReply& operator=(PendingReply&&) = delete;
  ~PendingReply() {
    if (open_) (*this)(text_response(500, "the handler dropped the request without a response"));
  }

  void operator()(ServerResponse response) {
    if (!std::exchange(open_, false)) return;
    reservation_.reset();
    const auto session = session_.lock();
    if (!session) return;
    asio::dispatch(session->executor_, [session, request = request_, response = std::move(response)]() mutable {
      session->on_reply(request, std::move(response));
    });
  }

 private:
  std::weak_ptr<Session> session_;
  std::uint64_t request_;
  std::shared_ptr<BodyBudget::Reservation> reservation_;  // the handler may keep the body in memory until it replies
  bool open_ = true;
};

Session::Session(Stream::Socket socket, Options options, std::shared_ptr<SessionHost> host)
    : stream_(std::make_shared<Stream>(std::move(socket))),
      executor_(stream_->executor()),
      options_(std::move(options)),
      host_(std::move(host)),
      remote_(stream_->peer()),
      peer_(stream_->is_unix_socket() ? Peer::unix_socket : Peer::network),
      peer_uid_(stream_->peer_uid()),
      buffer_(std::max(options_.limits.max_header, kReadSize) + kReadSize),
      reservation_changed_(executor_),
      answered_(executor_) {}

void Session::drain() {
  asio::post(executor_, [self = shared_from_this()] {
    self->draining_ = true;
    if (self->waiting_ && self->stream_->quiet()) self->stream_->expire();
  });
}

void Session::stop() {
  asio::post(executor_, [self = shared_from_this()] {
    self->stream_->close();
    self->answered_.wake();
    self->reservation_changed_.wake();
  });
}

void Session::displace() {
  asio::post(executor_, [self = shared_from_this()] {
    self->draining_ = true;
    if (self->handling_) return;
    self->displaced_ = true;
    self->stream_->close();
    self->reservation_changed_.wake();
  });
}

Awaitable<void> Session::run() {
  head_deadline_ = from_now(options_.limits.first_request_timeout);
  if (options_.tls) {
    error_code ec;
    stream_->expires_after(options_.limits.tls_handshake_timeout);
    co_await stream_->accept_tls(*options_.tls, ec);
    if (ec) {
      // A peer that only probes whether the port is open has not been refused anything.
      const std::string why = ec.message();
      if (ec != asio::error::eof && ec != asio::error::connection_reset) host_->answered({.remote = remote_, .why = why});
      co_return;
    }
    client_subject_ = stream_->peer_subject();
  }
  while (co_await exchange()) {
  }
  // Free the memory: many connections may linger at the same time.
  reservation_.reset();
  buffer_.clear();
  buffer_.shrink_to_fit();
  host_->progress(options_.id, SessionHost::Progress::closing);
  stream_->expires_after(options_.limits.linger_timeout);
  co_await stream_->finish(options_.limits.linger_bytes);
}

Awaitable<bool> Session::exchange() {
  RequestParser parser;
  ServerRequest request;
  Router::Match match;
  Step step = co_await read_head(parser);
  if (step == Step::done) step = check_head(parser, request, match);
  if (step == Step::done) step = co_await read_body(parser, match.route->max_body, wants_continue(request.headers));
  if (step == Step::gone) co_return false;

  const bool head_only = request.method == "HEAD";
  const std::string method = request.method;
  const std::string path = match.pattern.empty() ? request.path : match.pattern;
  ServerResponse response;
  if (step == Step::done) {
    request.body = std::move(parser.body);
    response = co_await run_handler(match, std::move(request));
  } else {
    response = std::move(refusal_);
    parser.body = {};
  }
  reservation_.reset();
  unused_ = false;
  host_->answered({.status = response.status,
                   .method = method,
                   .path = path,
                   .owner = match.route != nullptr ? std::string_view(match.route->owner) : std::string_view(),
                   .suggested_path = match.suggested_path,
                   .remote = remote_,
                   .why = why_refused(response)});
  const bool successful = step == Step::done && response.status < 400;
  host_->progress(options_.id, successful ? SessionHost::Progress::answered : SessionHost::Progress::refused);
  // If the request was not read to its end, the rest must not be parsed as the next request.
  const bool keep_alive =
      parser.is_done() && parser.keep_alive() && !response.close && !options_.single_request && !draining_ && !host_->draining();
  co_return co_await send(response, head_only, keep_alive, parser.version == 10) && keep_alive;
}

Session::Step Session::refuse(ServerResponse response) {
  refusal_ = std::move(response);
  refusal_.close = true;
  return Step::refused;
}

Awaitable<Session::Step> Session::fill() {
  const auto wanted = waiting_ ? std::clamp(buffer_.capacity(), kFirstRead, kReadSize) : kReadSize;
  const auto space = std::min(wanted, buffer_.max_size() - buffer_.size());
  if (space == 0) co_return refuse(400, "bad request: a line is too long");
  error_code ec;
  buffer_.commit(co_await stream_->read_some(buffer_.prepare(space), ec));
  if (!ec) co_return Step::done;
  if (ec == asio::error::timed_out && reservation_ && reservation_->phase() == BodyBudget::Reservation::Phase::revoked) {
    host_->body_refused();
    co_return refuse(service_unavailable("the body arrived too slowly while other requests waited for memory"));
  }
  if (ec == asio::error::timed_out && !waiting_) co_return refuse(408, "the request did not arrive in time");
  co_return Step::gone;
}

Awaitable<Session::Step> Session::read_head(RequestParser& parser) {
  const auto& limits = options_.limits;
  // Clients dial connections in advance; until such a connection is used it is idle like any other.
  waiting_ = buffer_.size() == 0;
  if (waiting_ && (draining_ || host_->draining()) && stream_->quiet()) co_return Step::gone;
  // The deadline of the first request counts from the accept; only a connection that has been used may stay idle.
  const auto read_deadline = [&](base::Millis timeout) {
    const auto deadline = from_now(options_.over_limit ? limits.linger_timeout : timeout);
    return unused_ ? std::min(head_deadline_, deadline) : deadline;
  };
  const auto head_time = std::min(limits.head_timeout, limits.request_timeout);
  stream_->expires_at(read_deadline(waiting_ ? limits.idle_timeout : head_time));
  parser.header_limit(static_cast<std::uint32_t>(limits.max_header + 4));
  parser.body_limit(boost::none);  // set when the route is known
  parser.eager(false);

  bool begun = false;  // RFC 9112 section 2.2: empty lines before a request are ignored
  std::size_t parsed = 0;
  ObsFoldDetector folded;
  slow_ = false;
  if (!waiting_) request_deadline_ = from_now(limits.request_timeout);
  for (;;) {
    if (buffer_.size() > 0) {
      if (std::exchange(waiting_, false)) {
        request_deadline_ = from_now(limits.request_timeout);
        stream_->expires_at(read_deadline(head_time));
      }
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
      if (folded.feed({static_cast<const char*>(buffer_.data().data()), used}))
        co_return refuse(400, "bad request: a header line begins with white space; send each header on one line");
      parsed += used;
      buffer_.consume(used);
      const auto head = parser.is_header_done() ? parsed : parsed + buffer_.size();
      if (ec == http::error::header_limit || head > limits.max_header) co_return refuse(431, "the request header is too long");
      if (ec && ec != http::error::need_more) co_return refuse(400, "bad request: " + ec.message());
      if (parser.is_header_done()) co_return Step::done;
      if (!std::exchange(slow_, true)) host_->progress(options_.id, SessionHost::Progress::receiving);
    }
    if (const Step step = co_await fill(); step != Step::done) co_return step;
  }
}

Session::Step Session::check_head(RequestParser& parser, ServerRequest& request, Router::Match& match) {
  request = take_request(parser);
  request.remote = remote_;
  request.peer = peer_;
  request.peer_uid = peer_uid_;
  request.client_subject = client_subject_;
  if (auto refusal = refuse_head(request, parser.target, parser.version)) return refuse(std::move(*refusal));
  if (host_->draining()) return refuse(service_unavailable("the server is shutting down"));
  if (options_.over_limit) return refuse(service_unavailable("the server has too many connections"));
  match = host_->match(request);
  request.path_parameters = std::move(match.parameters);
  if (!match.route) {
    refusal_ = std::move(match.refusal);
    return Step::refused;
  }
  const auto length = parser.content_length();
  if (length && *length > match.route->max_body)
    return refuse(413, "the body is larger than " + std::to_string(match.route->max_body) + " bytes");
  if (auto refusal = host_->admit(*match.route, request)) {
    refusal_ = std::move(*refusal);
    return Step::refused;
  }
  return Step::done;
}

// Waits for the memory of the body, at most until the request's deadline.
Awaitable<Session::Step> Session::reserve_body(std::size_t bytes) {
  using Phase = BodyBudget::Reservation::Phase;
  auto changed = [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    asio::post(self->executor_, [self] {
      self->reservation_changed_.wake();
      if (self->reservation_ && self->reservation_->phase() == Phase::revoked) self->stream_->expire();
    });
  };
  auto& budget = host_->body_budget();
  reservation_ = budget.reserve(bytes, std::chrono::steady_clock::now(), std::move(changed));
  const auto deadline = std::min(from_now(options_.limits.body_wait_timeout), request_deadline_);
  while (reservation_->phase() == Phase::waiting) {
    const auto now = std::chrono::steady_clock::now();
    if (now >= deadline) {
      host_->body_refused();
      co_return refuse(service_unavailable("too many bodies are being received; send the request again"));
    }
    if (displaced_ || !stream_->is_open()) co_return Step::gone;
    const auto next = budget.revoke_slow(now);
    if (reservation_->phase() == Phase::waiting) co_await reservation_changed_.wait_until(std::min(next, deadline));
  }
  co_return Step::done;
}

Awaitable<Session::Step> Session::read_body(RequestParser& parser, std::size_t max_body, bool wants_continue) {
  parser.body_limit(std::uint64_t{max_body});
  parser.eager(true);
  stream_->expires_at(request_deadline_);
  const auto length = parser.content_length();
  if (length && *length > kMaxUnreservedBody) {
    const Step step = co_await reserve_body(static_cast<std::size_t>(*length));
    if (step != Step::done) co_return step;
    parser.body.reserve(static_cast<std::size_t>(*length));
  }
  if (!parser.is_done() && parser.version == 11 && buffer_.size() == 0 && wants_continue) {
    error_code ec;
    co_await stream_->write("HTTP/1.1 100 Continue\r\n\r\n", ec);
    if (ec) co_return Step::gone;
  }
  while (!parser.is_done()) {
    if (buffer_.size() > 0) {
      error_code ec;
      buffer_.consume(parser.put(buffer_.data(), ec));
      if (ec == http::error::body_limit) co_return refuse(413, "the body is larger than " + std::to_string(max_body) + " bytes");
      if (ec && ec != http::error::need_more) co_return refuse(400, "bad request: " + ec.message());
      if (parser.is_done()) break;
      // The size of a chunked body is not known in advance: reserve the maximum.
      if (!reservation_ && parser.body.size() > kMaxUnreservedBody) {
        const Step step = co_await reserve_body(max_body);
        if (step != Step::done) co_return step;
        parser.body.reserve(std::min(max_body, kMaxReserved));  // reallocations would use twice the reservation
      }
    }
    if (!std::exchange(slow_, true)) host_->progress(options_.id, SessionHost::Progress::receiving);
    if (const Step step = co_await fill(); step != Step::done) co_return step;
  }
  if (reservation_ && !reservation_->complete(parser.body.size())) {
    host_->body_refused();
    co_return refuse(service_unavailable("the body arrived too slowly while other requests waited for memory"));
  }
  co_return Step::done;
}

Awaitable<ServerResponse> Session::run_handler(const Router::Match& match, ServerRequest request) {
  ++request_;
  answer_.reset();
  handling_ = true;
  host_->progress(options_.id, SessionHost::Progress::handling);
  host_->call(*match.route, std::move(request), PendingReply(weak_from_this(), request_, std::move(reservation_)));
  if (!answer_) co_await answered_.wait_until(from_now(options_.limits.handler_timeout));
  handling_ = false;
  if (!answer_) {
    ++request_;
    co_return service_unavailable("the request was not handled in time");
  }
  if (!is_sendable(*answer_)) co_return text_response(500, "the handler's response is not valid HTTP");
  co_return std::move(*answer_);
}

void Session::on_reply(std::uint64_t request, ServerResponse response) {
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
  stream_->expires_after(options_.limits.write_timeout);
  co_await stream_->write(out_, ec);
  if (ec) stream_->reset();  // otherwise the kernel would keep unsent data for a peer that no longer reads
  co_return !ec;
}

}  // namespace belfry::net
