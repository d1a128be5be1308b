#include "net/client_connection.hpp"

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/basic_resolver.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/http/error.hpp>

#include "net/http_wire.hpp"

namespace belfry::net {

namespace http = boost::beast::http;
using asio::ip::tcp;
using Kind = ClientError::Kind;

namespace {

constexpr std::size_t kReadSize = 16 * 1024;
constexpr std::uint32_t kMaxHeader = 64 * 1024;

bool is_safe_to_repeat(const ClientRequest& request) { return request.method == "GET" || request.method == "HEAD"; }

// Each address gets its share of the time that is left: one that does not answer must not keep the others from being tried.
base::SteadyTime share(base::SteadyTime deadline, std::size_t addresses_left) {
  const auto now = std::chrono::steady_clock::now();
  return now + (deadline - now) / static_cast<std::chrono::steady_clock::rep>(addresses_left);
}

}  // namespace

// A look-up cannot be interrupted; one that takes too long is left behind, and finds only this when it comes back.
struct ClientConnection::Lookup {
  std::vector<tcp::endpoint> addresses;
  error_code error = asio::error::timed_out;
  bool abandoned = false;
};

ClientConnection::ClientConnection(asio::io_context& io, Settings settings)
    : executor_(asio::make_strand(io)), io_(io), settings_(std::move(settings)), buffer_(kMaxHeader + kReadSize), woken_(executor_) {}

void ClientConnection::start(ClientJob job, Done done) {
  // Shared, so that a coroutine that ends by an exception still reports.
  const auto report = std::make_shared<Done>(std::move(done));
  asio::post(executor_, [self = shared_from_this(), job = std::move(job), report]() mutable {
    // Here and not in the coroutine, which starts later: a cancel() that follows must find it.
    self->current_ = job.id;
    self->cancelled_ = false;
    auto failed = [self, report](std::exception_ptr failure) {
      if (!failure) return;
      self->disconnect();
      (*report)(std::unexpected(ClientError{Kind::closed, true, "the request was given up after an internal error"}), false);
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
    self->woken_.wake();
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

// The seam for a proxy: between the two steps it would be asked to CONNECT.
Awaitable<std::optional<ClientError>> ClientConnection::open(const ClientJob& job) {
  disconnect();
  buffer_.clear();
  const auto deadline = std::min(job.deadline, from_now(settings_.connect));
  // Not a conditional expression: GCC 12 destroys what co_await gives twice in one.
  std::optional<ClientError> error;
  if (job.url.origin.unix_socket.empty())
    error = co_await open_tcp(job.url.origin, deadline);
  else
    error = co_await open_unix(job.url.origin.unix_socket, deadline);
  if (!error && job.url.origin.tls) error = co_await open_tls(job.url.origin, deadline);
  if (cancelled_) co_return ClientError{Kind::cancelled, false, "the request was cancelled"};
  if (error && std::chrono::steady_clock::now() >= job.deadline) error->kind = Kind::timeout;
  co_return error;
}

Awaitable<void> ClientConnection::resolve(const Origin& origin, base::SteadyTime deadline, std::shared_ptr<Lookup> lookup) {
  error_code not_an_address;
  if (const auto address = asio::ip::make_address(origin.host, not_an_address); !not_an_address) {
    lookup->addresses = {{address, static_cast<std::uint16_t>(std::stoi(origin.port))}};
    lookup->error = {};
    co_return;
  }
  asio::ip::basic_resolver<tcp, asio::io_context::executor_type> resolver(io_);
  auto found = [self = shared_from_this(), lookup](error_code ec, const auto& results) {
    if (lookup->abandoned) return;
    lookup->error = ec;
    for (const auto& entry : results) lookup->addresses.push_back(entry.endpoint());
    self->woken_.wake();
  };
  if (cancelled_) co_return;
  resolver.async_resolve(origin.host, origin.port, tcp::resolver::numeric_service, asio::bind_executor(executor_, std::move(found)));
  co_await woken_.wait_until(deadline);
  lookup->abandoned = true;
}

Awaitable<std::optional<ClientError>> ClientConnection::open_tcp(const Origin& origin, base::SteadyTime deadline) {
  const auto lookup = std::make_shared<Lookup>();
  co_await resolve(origin, deadline, lookup);
  if (lookup->error) co_return ClientError{Kind::resolve, false, "cannot resolve " + origin.host + ": " + lookup->error.message()};

  error_code ec = asio::error::host_not_found;
  for (std::size_t i = 0; i < lookup->addresses.size() && !cancelled_; ++i) {
    stream_ = std::make_shared<Stream>(Stream::Socket(executor_));
    stream_->expires_at(share(deadline, lookup->addresses.size() - i));
    co_await stream_->connect(lookup->addresses[i], ec);
    if (!ec && !cancelled_) co_return std::nullopt;
  }
  co_return ClientError{Kind::connect, false, "cannot connect to " + origin.text() + ": " + ec.message()};
}

Awaitable<std::optional<ClientError>> ClientConnection::open_unix(const std::string& path, base::SteadyTime deadline) {
  error_code ec;
  stream_ = std::make_shared<Stream>(Stream::Socket(executor_));
  stream_->expires_at(deadline);
  co_await stream_->connect(asio::local::stream_protocol::endpoint(path), ec);
  if (!ec) co_return std::nullopt;
  co_return ClientError{Kind::connect, false, "cannot connect to " + path + ": " + ec.message()};
}

Awaitable<std::optional<ClientError>> ClientConnection::open_tls(const Origin& origin, base::SteadyTime deadline) {
  error_code ec;
  stream_->expires_at(deadline);
  co_await stream_->connect_tls(*settings_.tls, origin.host, settings_.verify, ec);
  if (!ec) co_return std::nullopt;
  const auto verdict = stream_->verify_error();
  co_return ClientError{Kind::tls, false, "no TLS with " + origin.text() + ": " + (verdict.empty() ? ec.message() : verdict)};
}

Awaitable<ClientConnection::Answer> ClientConnection::exchange(const ClientJob& job) {
  const auto& request = job.request;
  std::string bytes;
  append_request(bytes, request.method, job.url.target, job.url.authority, request.headers, request.body);
  Answer answer;
  const auto sent = co_await stream_->write(bytes, answer.error);
  answer.sent_any = sent > 0 || job.url.origin.tls;  // TLS does not say how much of a record went out
  answer.sent_all = sent == bytes.size();
  // A server that refuses early answers and closes without reading the rest: what it said is still worth reading.
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

Awaitable<void> ClientConnection::receive(ResponseParser& parser, Answer& answer) {
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
    const auto room = std::min(kReadSize, buffer_.max_size() - buffer_.size());
    if (room == 0) {
      answer.error = http::error::header_limit;
      co_return;
    }
    error_code ec;
    const auto n = co_await stream_->read_some(buffer_.prepare(room), ec);
    buffer_.commit(n);
    answer.any_byte = answer.any_byte || n > 0;
    if (ec == asio::error::eof && parser.is_header_done()) parser.put_eof(ec);
    if (ec) {
      answer.error = ec;
      co_return;
    }
  }
}

ClientError ClientConnection::failure(const ClientJob& job, const Answer& answer) const {
  const auto host = job.url.origin.text();
  const auto& ec = answer.error;
  ClientError error{Kind::closed, answer.sent_any, host + " closed the connection before its answer was complete: " + ec.message()};
  if (cancelled_) {
    error.kind = Kind::cancelled;
    error.detail = "the request was cancelled";
  } else if (ec == asio::error::timed_out) {
    error.kind = Kind::timeout;
    error.detail = "no complete answer from " + host + " in time";
  } else if (ec == http::error::body_limit || ec == http::error::header_limit) {
    error.kind = Kind::too_large;
    error.detail = "the answer of " + host + " is larger than allowed";
  } else if (ec.category() == error_code(http::error::bad_status).category() && ec != http::error::partial_message) {
    error.kind = Kind::bad_response;
    error.detail = "the answer of " + host + " is not HTTP that can be read: " + ec.message();
  } else if (ec.category() == asio::error::get_ssl_category()) {
    error.kind = Kind::tls;  // a server that does not like our certificate says so only now
    error.detail = "no TLS with " + host + ": " + ec.message();
  }
  return error;
}

}  // namespace belfry::net
