#include "net/server/http_server.hpp"

#include <algorithm>
#include <atomic>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <unordered_map>

#include "base/run_with_retries.hpp"
#include "net/event.hpp"
#include "net/executor_impl.hpp"
#include "net/server/admission.hpp"
#include "net/server/listener.hpp"
#include "net/server/server_session.hpp"
#include "net/server/shed_log.hpp"
#include "net/tls.hpp"

namespace belfry::net {

namespace {

// Number of connections beyond the limit that may be refused or closing at the same time. Further ones are closed without a response.
constexpr std::size_t kSurplus = 64;

// Pause after a failed accept, for example without free file descriptors.
constexpr base::Millis kAcceptPause{100};

}  // namespace

struct HttpServer::Impl final : SessionHost, std::enable_shared_from_this<Impl> {
  struct Acceptor {
    Acceptor(std::string address, Listener open, Executor executor)
        : configured(std::move(address)),
          listener(std::move(open)),
          acceptor(executor, Stream::Protocol(listener.family(), 0), listener.release()),
          pause(executor) {}

    const std::string configured;
    Listener listener;
    asio::basic_socket_acceptor<Stream::Protocol, Executor> acceptor;
    Event pause;
    std::atomic<bool> closing = false;
    // Guarded by the server's mutex.
    std::optional<ServerTls> files;
    std::shared_ptr<asio::ssl::context> tls;
  };
  struct SessionEntry {
    std::weak_ptr<Session> session;
    const Acceptor* acceptor = nullptr;
  };

  Impl(Runtime& owner, Router& routes, ServerLimits server_limits, base::Logger logger, ServerEvents to_report)
      : io(owner.impl().io),
        router(routes),
        limits(server_limits),
        log(std::move(logger)),
        events(std::move(to_report)),
        shed(log, events.shed),
        budget(server_limits.max_body_memory),
        connection_limits{server_limits.max_connections, server_limits.max_connections_per_address} {}

  void accept_on(std::shared_ptr<Acceptor> acceptor);
  Awaitable<void> accept_loop(std::shared_ptr<Acceptor> acceptor);
  void open_session(Stream::Socket socket, const Acceptor& acceptor);
  void session_ended(ConnectionId id);
  bool shed_one();
  void displace(ConnectionId id);  // call with the lock held
  void decrement_open();
  [[nodiscard]] std::vector<std::shared_ptr<Acceptor>> all_acceptors();
  void close(const std::shared_ptr<Acceptor>& acceptor);
  void close_sockets();
  void drain_backlog(Acceptor& acceptor);
  void for_each_session(void (Session::*method)(), const Acceptor* acceptor = nullptr);

  [[nodiscard]] bool draining() const override { return draining_; }
  [[nodiscard]] Router::Match match(const ServerRequest& request) const override;
  void call(const HttpRoute& route, ServerRequest request, Reply reply) override;
  [[nodiscard]] std::optional<ServerResponse> admit(const HttpRoute& route, const ServerRequest& request) override;
  void progress(ConnectionId id, Progress progress) override;
  void answered(const AccessRecord& answer) override {
    if (events.answered) events.answered(answer);
  }
  [[nodiscard]] BodyBudget& body_budget() override { return budget; }
  void body_refused() override { shed.count(Shed::body_memory, {}, body_memory, std::chrono::steady_clock::now()); }

  asio::io_context& io;
  Router& router;
  const ServerLimits limits;
  const base::Logger log;
  const ServerEvents events;
  ShedLog shed;
  BodyBudget budget;
  std::atomic<std::size_t> body_memory = limits.max_body_memory;
  bool port_handover = false;

  std::atomic<bool> draining_ = false;
  std::atomic<bool> stopped_ = false;
  mutable std::shared_mutex handlers;  // locked shared while the router or one of its handlers is in use

  std::mutex mutex;
  std::vector<std::shared_ptr<Acceptor>> acceptors;
  std::unordered_map<ConnectionId, SessionEntry> sessions;
  ConnectionLimits connection_limits;
  ConnectionTable table;
  ConnectionId last_id = 0;
  std::size_t open = 0;  // accept loops and sessions
  std::vector<Task> drained;
};

struct HttpServer::ListenSocket::State {
  std::shared_ptr<Impl::Acceptor> acceptor;
  bool is_new = false;
  std::optional<ServerTls> files;
  std::shared_ptr<asio::ssl::context> tls;
};

HttpServer::ListenSocket::ListenSocket(std::unique_ptr<State> state) : state_(std::move(state)) {}
HttpServer::ListenSocket::ListenSocket(ListenSocket&&) noexcept = default;
HttpServer::ListenSocket& HttpServer::ListenSocket::operator=(ListenSocket&&) noexcept = default;
HttpServer::ListenSocket::~ListenSocket() = default;

HttpServer::HttpServer(Runtime& runtime, Router& router, ServerLimits limits, base::Logger log, ServerEvents events)
    : impl_(std::make_shared<Impl>(runtime, router, limits, std::move(log), std::move(events))) {}

HttpServer::~HttpServer() {
  stop();
  const std::unique_lock none_running(impl_->handlers);
}

base::Result<HttpServer::ListenSocket> HttpServer::open(const ListenConfig& where) const {
  auto state = std::make_unique<ListenSocket::State>();
  state->files = where.tls;
  if (where.tls) {
    auto context = server_context(*where.tls);
    if (!context) return std::unexpected(base::with_context("cannot listen on " + where.address, context.error()));
    state->tls = std::move(*context);
  }
  const auto acceptors = impl_->all_acceptors();
  const auto used = std::ranges::find(acceptors, where.address, [](const auto& acceptor) { return acceptor->configured; });
  if (used != acceptors.end()) {
    state->acceptor = *used;
    return ListenSocket(std::move(state));
  }
  auto listener = Listener::open(where.address, impl_->port_handover);
  if (!listener) return std::unexpected(listener.error());
  state->acceptor = std::make_shared<Impl::Acceptor>(where.address, std::move(*listener), asio::make_strand(impl_->io));
  state->is_new = true;
  return ListenSocket(std::move(state));
}

// The swap of the list cannot fail. After it, each step runs even if another one fails.
void HttpServer::replace_listeners(std::vector<ListenSocket> sockets) {
  using Acceptors = std::vector<std::shared_ptr<Impl::Acceptor>>;
  Acceptors next, gone, changed;
  const auto failed = [this](const std::exception_ptr& failure) {
    impl_->log.error("cannot replace the listeners", {{"why", base::exception_message(failure)}});
  };
  const auto prepare = [&] {
    next.reserve(sockets.size());
    changed.reserve(sockets.size());
    gone = impl_->all_acceptors();
  };
  if (!base::run_with_retries(prepare, failed)) return;
  {
    const std::lock_guard lock(impl_->mutex);
    for (auto& socket : sockets) {
      auto& state = *socket.state_;
      std::erase(gone, state.acceptor);
      if (!state.is_new && state.files != state.acceptor->files) changed.push_back(state.acceptor);
      state.acceptor->files = std::move(state.files);
      state.acceptor->tls = state.tls;
      next.push_back(state.acceptor);
    }
    impl_->acceptors.swap(next);
  }
  for (const auto& acceptor : gone) {
    impl_->close(acceptor);
    base::run_with_retries([&] { impl_->for_each_session(&Session::drain, acceptor.get()); }, failed);
  }
  for (const auto& acceptor : changed) base::run_with_retries([&] { impl_->for_each_session(&Session::drain, acceptor.get()); }, failed);
  for (const auto& socket : sockets)
    if (socket.state_->is_new) base::run_with_retries([&] { impl_->accept_on(socket.state_->acceptor); }, failed);
}

void HttpServer::begin_port_handover(const std::vector<std::string>& except) {
  impl_->port_handover = true;
  for (const auto& acceptor : impl_->all_acceptors()) {
    const bool stays = std::ranges::find(except, acceptor->configured) != except.end();
    if (acceptor->listener.family() != AF_UNIX && !stays) set_reuse_port(acceptor->acceptor.native_handle(), true);
  }
}

void HttpServer::end_port_handover() {
  impl_->port_handover = false;
  for (const auto& acceptor : impl_->all_acceptors())
    if (acceptor->listener.family() != AF_UNIX) set_reuse_port(acceptor->acceptor.native_handle(), false);
}

void HttpServer::limit_connections(std::size_t total, std::size_t per_address) {
  const std::lock_guard lock(impl_->mutex);
  impl_->connection_limits = {total, per_address};
}

void HttpServer::limit_body_memory(std::size_t bytes) {
  impl_->body_memory = bytes;
  impl_->budget.limit(bytes);
}

bool HttpServer::shed_one() { return impl_->shed_one(); }

std::vector<std::string> HttpServer::addresses() const {
  std::vector<std::string> result;
  for (const auto& acceptor : impl_->all_acceptors()) result.push_back(acceptor->listener.address());
  return result;
}

void HttpServer::drain(Task done) {
  impl_->draining_ = true;
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->drained.push_back(std::move(done));
    ++impl_->open;  // defers `done` until every session has been notified
  }
  impl_->close_sockets();
  impl_->for_each_session(&Session::drain);
  impl_->decrement_open();
}

void HttpServer::stop() {
  impl_->draining_ = true;
  impl_->stopped_ = true;
  impl_->close_sockets();
  impl_->for_each_session(&Session::stop);
}

std::vector<std::shared_ptr<HttpServer::Impl::Acceptor>> HttpServer::Impl::all_acceptors() {
  const std::lock_guard lock(mutex);
  return acceptors;
}

void HttpServer::Impl::accept_on(std::shared_ptr<Acceptor> acceptor) {
  {
    const std::lock_guard lock(mutex);
    ++open;
  }
  const auto executor = acceptor->acceptor.get_executor();
  try {
    asio::co_spawn(executor, accept_loop(std::move(acceptor)), [self = shared_from_this()](std::exception_ptr failure) {
      self->decrement_open();
      if (failure) std::rethrow_exception(failure);
    });
  } catch (...) {
    decrement_open();
    throw;
  }
}

Awaitable<void> HttpServer::Impl::accept_loop(std::shared_ptr<Acceptor> acceptor) {
  bool failing = false;
  while (acceptor->acceptor.is_open()) {
    error_code ec;
    auto socket = co_await acceptor->acceptor.async_accept(asio::make_strand(io), returning(ec));
    if (!ec) {
      failing = false;
      open_session(std::move(socket), *acceptor);
      continue;
    }
    if (ec == asio::error::operation_aborted || ec == asio::error::connection_aborted) continue;
    if (!std::exchange(failing, true))
      log.warn("cannot accept connections, retrying", {{"address", acceptor->listener.address()}, {"why", ec.message()}});
    if (ec == boost::system::errc::too_many_files_open || ec == boost::system::errc::too_many_files_open_in_system) {
      shed_one();
      if (events.out_of_descriptors) events.out_of_descriptors();
    }
    co_await acceptor->pause.wait_until(from_now(kAcceptPause));
  }
}

void HttpServer::Impl::open_session(Stream::Socket socket, const Acceptor& acceptor) {
  error_code not_tcp;
  socket.set_option(asio::ip::tcp::no_delay(true), not_tcp);
  Session::Options options{.limits = limits};
  const auto now = std::chrono::steady_clock::now();
  const auto network = peer_network(socket);
  std::optional<Shed> reason;
  std::size_t limit = 0;
  std::shared_ptr<Session> session;
  {
    const std::lock_guard lock(mutex);
    if (stopped_) return;
    limit = connection_limits.total;
    if (table.size() >= connection_limits.total + kSurplus) {
      reason = Shed::dropped;
    } else {
      options.id = ++last_id;
      const auto admission = table.add(options.id, network, now, connection_limits);
      const bool by_address = admission.limit_reached == ConnectionTable::Limit::address;
      if (by_address) limit = connection_limits.per_address;
      if (admission.displaced) {
        reason = by_address ? Shed::displaced_by_address : Shed::displaced;
        displace(*admission.displaced);
      } else if (admission.refused) {
        reason = Shed::refused;
      }
      if (table.size() > connection_limits.total / 2) {
        auto& timeout = options.limits.first_request_timeout;
        timeout = std::min(timeout, limits.crowded_first_request_timeout);
      }
      options.tls = acceptor.tls;
      options.single_request = acceptor.closing;
      options.over_limit = admission.refused;
      const auto id = options.id;
      session = std::make_shared<Session>(std::move(socket), std::move(options), shared_from_this());
      sessions.emplace(id, SessionEntry{session, &acceptor});
      ++open;
    }
  }
  if (reason) shed.count(*reason, network, limit, now);
  if (!session) return;
  asio::co_spawn(session->executor(), session->run(), [self = shared_from_this(), session](std::exception_ptr failure) {
    self->session_ended(session->id());
    if (failure) std::rethrow_exception(failure);
  });
}

void HttpServer::Impl::session_ended(ConnectionId id) {
  {
    const std::lock_guard lock(mutex);
    sessions.erase(id);
    table.remove(id);
  }
  decrement_open();
}

void HttpServer::Impl::displace(ConnectionId id) {
  if (const auto session = sessions.at(id).session.lock()) session->displace();
}

bool HttpServer::Impl::shed_one() {
  std::size_t limit = 0;
  {
    const std::lock_guard lock(mutex);
    const auto id = table.displace();
    if (!id) return false;
    displace(*id);
    limit = connection_limits.total;
  }
  shed.count(Shed::descriptors, {}, limit, std::chrono::steady_clock::now());
  return true;
}

void HttpServer::Impl::progress(ConnectionId id, Progress progress) {
  const auto now = std::chrono::steady_clock::now();
  const std::lock_guard lock(mutex);
  switch (progress) {
    case Progress::receiving: return table.mark_receiving(id, now);
    case Progress::handling: return table.mark_handling(id);
    case Progress::answered: return table.mark_answered(id, true, now);
    case Progress::refused: return table.mark_answered(id, false, now);
    case Progress::closing: return table.mark_closing(id);
  }
}

void HttpServer::Impl::decrement_open() {
  std::vector<Task> tasks;
  {
    const std::lock_guard lock(mutex);
    if (--open == 0) tasks.swap(drained);
  }
  for (auto& task : tasks) asio::post(io, std::move(task));
}

void HttpServer::Impl::close(const std::shared_ptr<Acceptor>& acceptor) {
  if (acceptor->closing.exchange(true)) return;
  acceptor->listener.remove_socket_file();
  const auto end = [self = shared_from_this(), acceptor] {
    self->drain_backlog(*acceptor);
    error_code ignored;
    acceptor->acceptor.close(ignored);
    acceptor->pause.wake();
  };
  base::run_with_retries([&] { asio::post(acceptor->acceptor.get_executor(), end); },
                         [&](const auto& failure) { log.error("cannot close a listener", {{"why", base::exception_message(failure)}}); });
}

void HttpServer::Impl::close_sockets() {
  for (const auto& acceptor : all_acceptors()) close(acceptor);
}

// Closing the acceptor would reset connections in its backlog, so serve those first.
void HttpServer::Impl::drain_backlog(Acceptor& acceptor) {
  error_code ec;
  acceptor.acceptor.non_blocking(true, ec);
  while (!ec) {
    auto socket = acceptor.acceptor.accept(asio::make_strand(io), ec);
    if (!ec) open_session(std::move(socket), acceptor);
  }
}

void HttpServer::Impl::for_each_session(void (Session::*method)(), const Acceptor* acceptor) {
  const std::lock_guard lock(mutex);
  for (const auto& [id, entry] : sessions) {
    const auto session = entry.session.lock();
    if (session && (acceptor == nullptr || entry.acceptor == acceptor)) (*session.*method)();
  }
}

Router::Match HttpServer::Impl::match(const ServerRequest& request) const {
  const std::shared_lock lock(handlers);
  if (stopped_) return {.refusal = text_response(503, "the server has stopped")};
  return router.match(request.method, request.path);
}

std::optional<ServerResponse> HttpServer::Impl::admit(const HttpRoute& route, const ServerRequest& request) {
  const auto* admission = admission_of(route);
  if (admission == nullptr) return std::nullopt;
  const std::shared_lock lock(handlers);
  if (stopped_) return text_response(503, "the server has stopped");
  try {
    return admission->admit(request);
  } catch (const std::exception& e) {
    log.error("an admission check threw", {{"request", request.method + " " + request.path}, {"what", e.what()}});
  } catch (...) {
    log.error("an admission check threw", {{"request", request.method + " " + request.path}});
  }
  return text_response(500, "the admission check failed");
}

void HttpServer::Impl::call(const HttpRoute& route, ServerRequest request, Reply reply) {
  const std::shared_lock lock(handlers);
  if (stopped_) return;
  const auto where = request.method + " " + request.path;
  try {
    route.handler(std::move(request), std::move(reply));
  } catch (const std::exception& e) {
    log.error("a request handler threw", {{"request", where}, {"what", e.what()}});
  } catch (...) {
    log.error("a request handler threw", {{"request", where}});
  }
}

}  // namespace belfry::net
