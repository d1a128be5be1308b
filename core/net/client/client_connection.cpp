#include "net/client/client_connection.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/beast/http/error.hpp>

#include "net/http_serializer.hpp"

namespace belfry::net {

namespace http = boost::beast::http;
using Kind = ClientError::Kind;

namespace {

constexpr std::size_t kReadSize = 16 * 1024;
constexpr std::uint32_t kMaxHeader = 64 * 1024;

bool is_safe_to_repeat(const ClientRequest& request) { return request.method == "GET" || request.method == "HEAD"; }

}  // namespace

ClientConnection::ClientConnection(asio::io_context& io, Settings settings)
    : executor_(asio::make_strand(io)),
      connect_timeout_(settings.connect_timeout),
      dialer_(executor_, std::move(settings.dial)),
      buffer_(kMaxHeader + kReadSize) {}

void ClientConnection::start(ClientJob job, Done done) {
  // Shared, so that the exception handler below can report too.
  const auto report = std::make_shared<Done>(std::move(done));
  asio::post(executor_, [self = shared_from_this(), job = std::move(job), report]() mutable {
    // Not in the coroutine, which starts later: a subsequent cancel() must find the id.
    self->current_ = job.id;
    self->cancelled_ = false;
    auto failed = [self, report](std::exception_ptr failure) {
      if (!failure) return;
      self->disconnect();
      (*report)(std::unexpected(ClientError{Kind::closed, true, "the request failed with an internal error"}), false);
      std::rethrow_exception(failure);
    };
    asio::co_spawn(self->executor_, run(self, std::move(job), report), std::move(failed));
  });
}

void ClientConnection::cancel(ClientRequestId id) {
  asio::post(executor_, [self = shared_from_this(), id] {
    if (self->current_ != id) return;
    self->cancelled_ = true;
    if (self->stream_) self->stream_->close();
    self->dialer_.cancel();
  });
}

Awaitable<void> ClientConnection::run(std::shared_ptr<ClientConnection> self, ClientJob job, std::shared_ptr<Done> done) {
  auto result = co_await self->perform(job);
  self->current_ = 0;
  if (!result) self->disconnect();
  (*done)(std::move(result), self->stream_ != nullptr);
}

Awaitable<ClientResult> ClientConnection::perform(const ClientJob& job) {
  bool reused = stream_ && stream_->quiet();
  for (;;) {
    if (!reused) {
      if (auto error = co_await open(job)) co_return std::unexpected(std::move(*error));
    }
    stream_->expires_at(job.deadline);
    auto answer = co_await exchange(job);
    if (answer.response) {
      if (!answer.reusable) disconnect();
      co_return std::move(*answer.response);
    }
    const bool untouched = !answer.any_byte && (!answer.sent_all || is_safe_to_repeat(job.request));
    const bool stale = reused && untouched && !cancelled_ && answer.error != asio::error::timed_out;
    if (!stale) co_return std::unexpected(failure(job, answer));
    reused = false;
  }
}

void ClientConnection::disconnect() {
  if (stream_) stream_->close();
  stream_.reset();
}

Awaitable<std::optional<ClientError>> ClientConnection::open(const ClientJob& job) {
  disconnect();
  buffer_.clear();
  if (cancelled_) co_return ClientError{Kind::cancelled, false, "the request was cancelled"};
  auto opened = co_await dialer_.dial(job.url.origin, std::min(job.deadline, from_now(connect_timeout_)));
  if (opened) {
    stream_ = std::move(*opened);
    co_return std::nullopt;
  }
  auto& error = opened.error();
  if (error.kind != Kind::cancelled && std::chrono::steady_clock::now() >= job.deadline) error.kind = Kind::timeout;
  co_return std::move(error);
}

Awaitable<ClientConnection::ExchangeResult> ClientConnection::exchange(const ClientJob& job) {
  const auto& request = job.request;
  std::string bytes;
  append_request(bytes, request.method, job.url.target, job.url.authority, request.headers, request.body);
  ExchangeResult answer;
  const auto sent = co_await stream_->write(bytes, answer.error);
  answer.sent_any = sent > 0 || job.url.origin.tls;  // TLS does not report how much of a record was sent
  answer.sent_all = sent == bytes.size();
  // After other write errors, still read: a server may refuse early and close without reading the rest of the request.
  if (answer.error && (cancelled_ || answer.error == asio::error::timed_out)) co_return answer;

  for (;;) {
    ResponseParser parser;
    parser.header_limit(kMaxHeader);
    parser.body_limit(std::uint64_t{request.max_response});
    parser.eager(true);
    parser.skip(request.method == "HEAD");
    co_await receive(parser, answer);
    if (answer.error) co_return answer;
    if (parser.status >= 100 && parser.status < 200 && parser.status != 101) continue;
    const auto coding = parser.headers.get("Transfer-Encoding");
    if (parser.status == 101 || (coding && !equal_ignoring_case(*coding, "chunked"))) {
      answer.error = http::error::bad_transfer_encoding;
      co_return answer;
    }
    answer.reusable = answer.sent_all && parser.keep_alive() && buffer_.size() == 0;
    answer.response = {.status = parser.status, .headers = std::move(parser.headers), .body = std::move(parser.body)};
    co_return answer;
  }
}

Awaitable<void> ClientConnection::receive(ResponseParser& parser, ExchangeResult& answer) {
  answer.error = {};
  while (!parser.is_done()) {
    if (buffer_.size() > 0) {
      error_code ec;
      buffer_.consume(parser.put(buffer_.data(), ec));
      if (ec && ec != http::error::need_more) {
        answer.error = ec;
        co_return;
      }
      if (parser.is_done()) co_return;
    }
    const auto space = std::min(kReadSize, buffer_.max_size() - buffer_.size());
    if (space == 0) {
      answer.error = http::error::header_limit;
      co_return;
    }
    error_code ec;
    const auto n = co_await stream_->read_some(buffer_.prepare(space), ec);
    buffer_.commit(n);
    answer.any_byte = answer.any_byte || n > 0;
    if (ec == asio::error::eof && parser.is_header_done()) parser.put_eof(ec);
    if (ec) {
      answer.error = ec;
      co_return;
    }
  }
}

ClientError ClientConnection::failure(const ClientJob& job, const ExchangeResult& answer) const {
  const auto host = job.url.origin.text();
  const auto& ec = answer.error;
  ClientError error{Kind::closed, answer.sent_any, host + " closed the connection before its response was complete: " + ec.message()};
  if (cancelled_) {
    error.kind = Kind::cancelled;
    error.detail = "the request was cancelled";
  } else if (ec == asio::error::timed_out) {
    error.kind = Kind::timeout;
    error.detail = "no complete response from " + host + " in time";
  } else if (ec == http::error::body_limit || ec == http::error::header_limit) {
    error.kind = Kind::too_large;
    error.detail = "the response from " + host + " is larger than allowed";
  } else if (ec.category() == error_code(http::error::bad_status).category() && ec != http::error::partial_message) {
    error.kind = Kind::bad_response;
    error.detail = "the response from " + host + " is not valid HTTP: " + ec.message();
  } else if (ec.category() == asio::error::get_ssl_category()) {
    error.kind = Kind::tls;  // with TLS 1.3 a server rejects our certificate only after the handshake
    error.detail = "TLS with " + host + " failed: " + ec.message();
  }
  return error;
}

}  // namespace belfry::net
