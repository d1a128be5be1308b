#include "net/client/http_client.hpp"

#include <atomic>
#include <boost/asio/post.hpp>
#include <deque>
#include <list>
#include <map>
#include <unordered_map>

#include "net/client/client_connection.hpp"
#include "net/executor_impl.hpp"
#include "net/http_serializer.hpp"

namespace belfry::net {

namespace {

using Kind = ClientError::Kind;

struct Request {
  ClientRequestId id = 0;
  Origin origin;
  ClientJob job;  // moved into the connection
  ClientHandler handler;
  std::shared_ptr<ClientConnection> connection;  // null: waiting for one
  std::optional<SteadyTimer> wait_timer;         // while waiting
};

struct Idle {
  std::shared_ptr<ClientConnection> connection;
  base::SteadyTime until;
};

struct Host {
  std::size_t open = 0;   // connections, including idle ones
  std::deque<Idle> idle;  // the most recently used at the back, which is reused first
  std::list<ClientRequestId> waiting;
};

// The connections and requests of one client. Thread rule: on its strand, except submit, cancel, shut_down and answer.
class Pool : public std::enable_shared_from_this<Pool> {
 public:
  Pool(asio::io_context& io, ClientTransport transport, DialSettings dial)
      : io_(io), strand_(asio::make_strand(io)), transport_(std::move(transport)), dial_(std::move(dial)), reaper_(strand_) {}

  void submit(Request request);
  void cancel(ClientRequestId id);
  void shut_down();
  void answer(ClientHandler handler, ClientResult result);

 private:
  void take(Request request);
  void serve(const Origin& origin);
  void assign(Request& request, std::shared_ptr<ClientConnection> connection);
  void finished(ClientRequestId id, ClientResult result, bool reusable);
  void give_up(ClientRequestId id, std::string_view detail);
  void end_waiting(ClientRequestId id, Kind kind, std::string_view detail);
  void reap();
  void keep_reaping();

  asio::io_context& io_;
  const Executor strand_;
  const ClientTransport transport_;
  const DialSettings dial_;
  std::map<Origin, Host> hosts_;
  std::unordered_map<ClientRequestId, Request> requests_;
  std::size_t waiting_ = 0;
  SteadyTimer reaper_;
  bool reaping_ = false;
  bool shut_down_ = false;
};

void Pool::submit(Request request) {
  asio::post(strand_, [self = shared_from_this(), request = std::move(request)]() mutable { self->take(std::move(request)); });
}

// Runs the handler in a task of its own, so that an exception from it does no harm here.
void Pool::answer(ClientHandler handler, ClientResult result) {
  asio::post(io_, [handler = std::move(handler), result = std::move(result)]() mutable { handler(std::move(result)); });
}

void Pool::take(Request request) {
  const auto id = request.id;
  const auto origin = request.origin;
  auto& host = hosts_[origin];
  const bool must_wait = host.idle.empty() && host.open >= transport_.max_connections_per_host;
  if (must_wait && waiting_ >= transport_.max_waiting)
    return answer(std::move(request.handler),
                  std::unexpected(ClientError{Kind::refused, false, "too many requests are waiting for a connection"}));
  auto& kept = requests_.emplace(id, std::move(request)).first->second;
  host.waiting.push_back(id);
  ++waiting_;
  serve(origin);
  if (kept.connection) return;
  kept.wait_timer.emplace(strand_, kept.job.deadline);
  kept.wait_timer->async_wait([self = shared_from_this(), id](error_code ec) {
    if (!ec) self->end_waiting(id, Kind::timeout, "no connection became free in time");
  });
}

// Assigns connections to waiting requests, first come, first served.
void Pool::serve(const Origin& origin) {
  auto& host = hosts_[origin];
  while (!host.waiting.empty()) {
    std::shared_ptr<ClientConnection> connection;
    if (!host.idle.empty()) {
      connection = std::move(host.idle.back().connection);
      host.idle.pop_back();
    } else if (host.open < transport_.max_connections_per_host) {
      connection =
          std::make_shared<ClientConnection>(io_, ClientConnection::Settings{.dial = dial_, .connect_timeout = transport_.connect_timeout});
      ++host.open;
    } else {
      return;
    }
    auto& request = requests_.at(host.waiting.front());
    host.waiting.pop_front();
    --waiting_;
    assign(request, std::move(connection));
  }
  if (host.open == 0) hosts_.erase(origin);
}

void Pool::assign(Request& request, std::shared_ptr<ClientConnection> connection) {
  request.wait_timer.reset();
  request.connection = connection;
  connection->start(std::move(request.job), [self = shared_from_this(), id = request.id](ClientResult result, bool reusable) {
    asio::post(self->strand_,
               [self, id, result = std::move(result), reusable]() mutable { self->finished(id, std::move(result), reusable); });
  });
}

void Pool::finished(ClientRequestId id, ClientResult result, bool reusable) {
  auto request = std::move(requests_.extract(id).mapped());
  auto& host = hosts_[request.origin];
  if (reusable && !shut_down_)
    host.idle.push_back({std::move(request.connection), from_now(transport_.idle_timeout)});
  else
    --host.open;
  answer(std::move(request.handler), std::move(result));
  serve(request.origin);
  keep_reaping();
}

void Pool::end_waiting(ClientRequestId id, Kind kind, std::string_view detail) {
  const auto found = requests_.find(id);
  if (found == requests_.end() || found->second.connection) return;
  auto& request = found->second;
  std::erase(hosts_[request.origin].waiting, id);
  --waiting_;
  answer(std::move(request.handler), std::unexpected(ClientError{kind, false, std::string(detail)}));
  requests_.erase(found);
}

void Pool::give_up(ClientRequestId id, std::string_view detail) {
  const auto found = requests_.find(id);
  if (found == requests_.end()) return;
  if (found->second.connection) return found->second.connection->cancel(id);
  end_waiting(id, Kind::cancelled, detail);
}

void Pool::cancel(ClientRequestId id) {
  asio::post(strand_, [self = shared_from_this(), id] { self->give_up(id, "the request was cancelled"); });
}

void Pool::shut_down() {
  asio::post(strand_, [self = shared_from_this()] {
    self->shut_down_ = true;
    self->reaper_.cancel();
    std::vector<ClientRequestId> ids;
    for (const auto& [id, request] : self->requests_) ids.push_back(id);
    for (const auto id : ids) self->give_up(id, "the client has been closed");
    for (auto& [origin, host] : self->hosts_) host.idle.clear();
  });
}

void Pool::reap() {
  reaping_ = false;
  const auto now = std::chrono::steady_clock::now();
  for (auto it = hosts_.begin(); it != hosts_.end();) {
    auto& host = it->second;
    for (; !host.idle.empty() && host.idle.front().until <= now; --host.open) host.idle.pop_front();
    it = host.open == 0 ? hosts_.erase(it) : std::next(it);
  }
  keep_reaping();
}

void Pool::keep_reaping() {
  if (reaping_ || shut_down_) return;
  auto next = base::SteadyTime::max();
  for (const auto& [origin, host] : hosts_)
    if (!host.idle.empty()) next = std::min(next, host.idle.front().until);
  if (next == base::SteadyTime::max()) return;
  reaping_ = true;
  reaper_.expires_at(next);
  reaper_.async_wait([self = shared_from_this()](error_code ec) {
    if (!ec) self->reap();
  });
}

class PooledClient final : public HttpClient {
 public:
  explicit PooledClient(std::shared_ptr<Pool> pool) : pool_(std::move(pool)) {}
  ~PooledClient() override { pool_->shut_down(); }

  ClientRequestId send(ClientRequest request, ClientHandler handler) override;
  void cancel(ClientRequestId id) override { pool_->cancel(id); }

 private:
  const std::shared_ptr<Pool> pool_;
  std::atomic<ClientRequestId> last_id_ = 0;
};

constexpr std::size_t kMaxSocketPath = 107;  // sockaddr_un, unix(7)

base::Result<Url> check(const ClientRequest& request) {
  if (!is_token(request.method)) return base::fail(base::ErrorCode::invalid, "the method is not a valid token");
  for (const auto& [name, value] : request.headers.list())
    if (!is_token(name) || !is_field_value(value))
      return base::fail(base::ErrorCode::invalid, "a header contains a character that is not allowed");
  auto url = parse_url(request.url);
  if (url) url->origin.unix_socket = request.unix_socket.string();
  if (request.unix_socket.native().size() > kMaxSocketPath) return base::fail(base::ErrorCode::invalid, "the socket path is too long");
  return url;
}

ClientRequestId PooledClient::send(ClientRequest request, ClientHandler handler) {
  const ClientRequestId id = ++last_id_;
  auto url = check(request);
  if (!url) {
    pool_->answer(std::move(handler), std::unexpected(ClientError{Kind::invalid_url, false, url.error().message}));
    return id;
  }
  const auto deadline = from_now(request.timeout);
  const auto origin = url->origin;
  pool_->submit({.id = id, .origin = origin, .job = {id, std::move(request), std::move(*url), deadline}, .handler = std::move(handler)});
  return id;
}

}  // namespace

std::string_view to_string(ClientError::Kind kind) {
  switch (kind) {
    case Kind::invalid_url: return "invalid_url";
    case Kind::resolve: return "resolve";
    case Kind::connect: return "connect";
    case Kind::tls: return "tls";
    case Kind::timeout: return "timeout";
    case Kind::closed: return "closed";
    case Kind::too_large: return "too_large";
    case Kind::bad_response: return "bad_response";
    case Kind::cancelled: return "cancelled";
    case Kind::refused: return "refused";
  }
  std::unreachable();
}

std::string host_of(std::string_view url) {
  const auto parsed = parse_url(url);
  return parsed ? parsed->origin.text() : "-";
}

base::Result<void> check_transport(const ClientTransport& transport) {
  TrustStores trust_stores;
  if (const auto dial = dial_settings(transport, trust_stores, nullptr); !dial) return std::unexpected(dial.error());
  return {};
}

base::Result<std::unique_ptr<HttpClient>> make_http_client(Runtime& runtime, ClientTransport transport) {
  auto dial = dial_settings(transport, runtime.impl().trust_stores, runtime.impl().lookups);
  if (!dial) return std::unexpected(dial.error());
  return std::make_unique<PooledClient>(std::make_shared<Pool>(runtime.impl().io, std::move(transport), std::move(*dial)));
}

}  // namespace belfry::net
