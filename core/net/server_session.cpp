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

// Enough for most requests, and all that a connection without a request costs.
constexpr std::size_t kFirstRead = 4 * 1024;

// Of a body whose size is not known.
constexpr std::size_t kMostReserved = 1024 * 1024;

// A body up to this size is part of what a connection costs, and claims nothing from the budget.
constexpr std::size_t kUnclaimedBody = 16 * 1024;

ServerResponse busy(std::string_view line) {
  auto response = text_response(503, line);
  response.headers.add("Retry-After", "5");
  return response;
}

// What a refusal says.
std::string_view first_line(const ServerResponse& response) {
  if (response.status < 400 || !response.headers.get("Content-Type").value_or("").starts_with("text/plain")) return {};
  return std::string_view(response.body).substr(0, response.body.find('\n'));
}

}  // namespace

// Answers once. Going without having answered is an answer too.
class PendingReply {
 public:
  PendingReply(std::weak_ptr<Session> session, std::uint64_t request, std::shared_ptr<BodyBudget::Claim> claim)
      : session_(std::move(session)), request_(request), claim_(std::move(claim)) {}
  PendingReply(PendingReply&& other) noexcept
      : session_(std::move(other.session_)),
        request_(other.request_),
        claim_(std::move(other.claim_)),
        open_(std::exchange(other.open_, false)) {}
  PendingReply& operator=(PendingReply&&) = delete;
  ~PendingReply() {
    if (open_) (*this)(text_response(500, "the request was dropped without an answer"));
  }

  void operator()(ServerResponse response) {
    if (!std::exchange(open_, false)) return;
    claim_.reset();
    const auto session = session_.lock();
    if (!session) return;
    asio::dispatch(session->executor_, [session, request = request_, response = std::move(response)]() mutable {
      session->answered(request, std::move(response));
    });
  }

 private:
  std::weak_ptr<Session> session_;
  std::uint64_t request_;
  std::shared_ptr<BodyBudget::Claim> claim_;  // the handler may hold what came in the body until it replies
  bool open_ = true;
};

Session::Session(Stream::Socket socket, Terms terms, std::shared_ptr<SessionHost> host)
    : stream_(std::make_shared<Stream>(std::move(socket))),
      executor_(stream_->executor()),
      terms_(std::move(terms)),
      host_(std::move(host)),
      remote_(stream_->peer()),
      peer_(stream_->is_unix_socket() ? Peer::unix_socket : Peer::network),
      buffer_(std::max(terms_.limits.max_header, kReadSize) + kReadSize),
      claim_changed_(executor_),
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
    self->claim_changed_.wake();
  });
}

void Session::displace() {
  asio::post(executor_, [self = shared_from_this()] {
    self->leaving_ = true;
    if (self->handling_) return;
    self->displaced_ = true;
    self->stream_->close();
    self->claim_changed_.wake();
  });
}

Awaitable<void> Session::run() {
  head_deadline_ = from_now(terms_.limits.first_request);
  if (terms_.tls) {
    error_code ec;
    stream_->expires_after(terms_.limits.tls_handshake);
    co_await stream_->accept_tls(*terms_.tls, ec);
    if (ec) {
      // Who only looks whether the port is open has not been refused anything.
      const std::string why = ec.message();
      if (ec != asio::error::eof && ec != asio::error::connection_reset) host_->answered({.remote = remote_, .why = why});
      co_return;
    }
    client_subject_ = stream_->peer_subject();
  }
  while (co_await exchange()) {
  }
  // Many may linger at a time.
  claim_.reset();
  buffer_.clear();
  buffer_.shrink_to_fit();
  host_->progress(terms_.id, SessionHost::Progress::closing);
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
  const std::string method = request.method;
  const std::string path = request.path;
  ServerResponse response;
  if (step == Step::done) {
    request.body = std::move(parser.body);
    response = co_await handled(match, std::move(request));
  } else {
    response = std::move(refusal_);
    parser.body = {};
  }
  claim_.reset();
  unused_ = false;
  host_->answered({.status = response.status,
                   .method = method,
                   .path = path,
                   .owner = match.route != nullptr ? std::string_view(match.route->owner) : std::string_view(),
                   .meant = match.meant,
                   .remote = remote_,
                   .why = first_line(response)});
  const bool successful = step == Step::done && response.status < 400;
  host_->progress(terms_.id, successful ? SessionHost::Progress::answered : SessionHost::Progress::refused);
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
  const auto wanted = waiting_ ? std::clamp(buffer_.capacity(), kFirstRead, kReadSize) : kReadSize;
  const auto room = std::min(wanted, buffer_.max_size() - buffer_.size());
  if (room == 0) co_return refuse(400, "bad request: a line is too long");
  error_code ec;
  buffer_.commit(co_await stream_->read_some(buffer_.prepare(room), ec));
  if (!ec) co_return Step::done;
  if (ec == asio::error::timed_out && claim_ && claim_->phase() == BodyBudget::Claim::Phase::revoked) {
    host_->body_refused();
    co_return refuse(busy("the body arrived too slowly while others waited for its memory"));
  }
  if (ec == asio::error::timed_out && !waiting_) co_return refuse(408, "the request did not arrive in time");
  co_return Step::gone;
}

Awaitable<Session::Step> Session::read_head(RequestParser& parser) {
  const auto& limits = terms_.limits;
  // Clients keep connections that they dialled and did not use; those are idle like the others.
  waiting_ = buffer_.size() == 0;
  if (waiting_ && (leaving_ || host_->draining()) && stream_->quiet()) co_return Step::gone;
  // A first request has its deadline from the accept; a connection that has been used may lie idle.
  const auto begun_in_time = [&](base::Millis patience) {
    const auto deadline = from_now(terms_.refuse ? limits.linger : patience);
    return unused_ ? std::min(head_deadline_, deadline) : deadline;
  };
  const auto head_time = std::min(limits.head, limits.request);
  stream_->expires_at(begun_in_time(waiting_ ? limits.idle : head_time));
  parser.header_limit(static_cast<std::uint32_t>(limits.max_header + 4));
  parser.body_limit(boost::none);  // the route's, once it is known
  parser.eager(false);

  bool begun = false;  // RFC 9112 section 2.2: empty lines before a request are ignored
  std::size_t parsed = 0;
  FoldedLines folded;
  slow_ = false;
  if (!waiting_) request_deadline_ = from_now(limits.request);
  for (;;) {
    if (buffer_.size() > 0) {
      if (std::exchange(waiting_, false)) {
        request_deadline_ = from_now(limits.request);
        stream_->expires_at(begun_in_time(head_time));
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
      if (folded.found_in({static_cast<const char*>(buffer_.data().data()), used}))
        co_return refuse(400, "bad request: a header line begins with white space; send each header on one line");
      parsed += used;
      buffer_.consume(used);
      const auto head = parser.is_header_done() ? parsed : parsed + buffer_.size();
      if (ec == http::error::header_limit || head > limits.max_header) co_return refuse(431, "the header of the request is too long");
      if (ec && ec != http::error::need_more) co_return refuse(400, "bad request: " + ec.message());
      if (parser.is_header_done()) co_return Step::done;
      if (!std::exchange(slow_, true)) host_->progress(terms_.id, SessionHost::Progress::receiving);
    }
    if (const Step step = co_await fill(); step != Step::done) co_return step;
  }
}

Session::Step Session::judge(RequestParser& parser, ServerRequest& request, Router::Match& match) {
  request = take_request(parser);
  request.remote = remote_;
  request.peer = peer_;
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
  if (auto refusal = host_->admit(*match.route, request)) {
    refusal_ = std::move(*refusal);
    return Step::refused;
  }
  return Step::done;
}

// Waits for the memory that the body takes. The deadline of the request holds meanwhile.
Awaitable<Session::Step> Session::claim_body(std::size_t bytes) {
  using Phase = BodyBudget::Claim::Phase;
  auto changed = [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    asio::post(self->executor_, [self] {
      self->claim_changed_.wake();
      if (self->claim_ && self->claim_->phase() == Phase::revoked) self->stream_->expire();
    });
  };
  auto& budget = host_->bodies();
  claim_ = budget.claim(bytes, std::chrono::steady_clock::now(), std::move(changed));
  const auto deadline = std::min(from_now(terms_.limits.body_wait), request_deadline_);
  while (claim_->phase() == Phase::waiting) {
    const auto now = std::chrono::steady_clock::now();
    if (now >= deadline) {
      host_->body_refused();
      co_return refuse(busy("too many bodies are being received; send the request again"));
    }
    if (displaced_ || !stream_->is_open()) co_return Step::gone;
    const auto next = budget.hurry(now);
    if (claim_->phase() == Phase::waiting) co_await claim_changed_.wait_until(std::min(next, deadline));
  }
  co_return Step::done;
}

Awaitable<Session::Step> Session::read_body(RequestParser& parser, std::size_t most, bool wants_continue) {
  parser.body_limit(std::uint64_t{most});
  parser.eager(true);
  stream_->expires_at(request_deadline_);
  const auto length = parser.content_length();
  if (length && *length > kUnclaimedBody) {
    const Step step = co_await claim_body(static_cast<std::size_t>(*length));
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
      if (ec == http::error::body_limit) co_return refuse(413, "the body is larger than " + std::to_string(most) + " bytes");
      if (ec && ec != http::error::need_more) co_return refuse(400, "bad request: " + ec.message());
      if (parser.is_done()) break;
      // A chunked body does not say how large it will be.
      if (!claim_ && parser.body.size() > kUnclaimedBody) {
        const Step step = co_await claim_body(most);
        if (step != Step::done) co_return step;
        parser.body.reserve(std::min(most, kMostReserved));  // growing by copies would take twice the claim
      }
    }
    if (!std::exchange(slow_, true)) host_->progress(terms_.id, SessionHost::Progress::receiving);
    if (const Step step = co_await fill(); step != Step::done) co_return step;
  }
  if (claim_ && !claim_->complete(parser.body.size())) {
    host_->body_refused();
    co_return refuse(busy("the body arrived too slowly while others waited for its memory"));
  }
  co_return Step::done;
}

Awaitable<ServerResponse> Session::handled(const Router::Match& match, ServerRequest request) {
  ++request_;
  answer_.reset();
  handling_ = true;
  host_->progress(terms_.id, SessionHost::Progress::handling);
  host_->call(*match.route, std::move(request), PendingReply(weak_from_this(), request_, std::move(claim_)));
  if (!answer_) co_await answered_.wait_until(from_now(terms_.limits.handler));
  handling_ = false;
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
