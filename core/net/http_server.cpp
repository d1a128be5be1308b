#include "net/http_server.hpp"

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

#include "net/executor_impl.hpp"
#include "net/listener.hpp"
#include "net/server_session.hpp"
#include "net/timeout.hpp"
#include "net/tls.hpp"

namespace belfry::net {

namespace {

// Connections over the limit that are told so at the same time. More than these are closed without a word.
constexpr std::size_t kRefusals = 64;

// How long accepting rests when the machine is out of something, file descriptors for one.
constexpr base::Millis kAcceptPause{100};

}  // namespace

struct HttpServer::Impl final : SessionHost, std::enable_shared_from_this<Impl> {
  struct Door {
    Door(std::string address, Listener open, Executor executor)
        : configured(std::move(address)),
          listener(std::move(open)),
          acceptor(executor, Stream::Protocol(listener.family(), 0), listener.release()),
          pause(executor) {}

    const std::string configured;
    Listener listener;
    asio::basic_socket_acceptor<Stream::Protocol, Executor> acceptor;
    Event pause;
    std::atomic<bool> closing = false;
    // With the lock of the server.
    std::optional<ServerTls> files;
    std::shared_ptr<asio::ssl::context> tls;
  };
  struct Guest {
    std::weak_ptr<Session> session;
    const Door* through = nullptr;
  };

  Impl(Runtime& owner, Router& routes, ServerLimits most, base::Logger logger)
      : io(owner.impl().io), router(routes), limits(most), max_connections(most.max_connections), log(std::move(logger)) {}

  void accept_on(std::shared_ptr<Door> door);
  Awaitable<void> accept_loop(std::shared_ptr<Door> door);
  void open_session(Stream::Socket socket, const Door& door);
  void session_ended(const Session* session);
  void one_less();
  [[nodiscard]] std::vector<std::shared_ptr<Door>> all_doors();
  void close(const std::shared_ptr<Door>& door);
  void close_doors();
  void take_last(Door& door);
  void for_each_session(void (Session::*what)(), const Door* through = nullptr);

  [[nodiscard]] bool draining() const override { return draining_; }
  [[nodiscard]] Router::Match match(const ServerRequest& request) const override;
  void call(const Route& route, ServerRequest request, Reply reply) override;

  asio::io_context& io;
  Router& router;
  const ServerLimits limits;
  std::atomic<std::size_t> max_connections;
  const base::Logger log;
  bool lending = false;

  std::atomic<bool> draining_ = false;
  std::atomic<bool> stopped_ = false;
  mutable std::shared_mutex handlers;  // shared while the router or a handler of it is in use

  std::mutex mutex;
  std::vector<std::shared_ptr<Door>> doors;
  std::unordered_map<const Session*, Guest> sessions;
  std::size_t open = 0;  // accept loops and sessions
  std::vector<Task> drained;
};

struct HttpServer::Door::State {
  std::shared_ptr<Impl::Door> door;
  bool is_new = false;
  std::optional<ServerTls> files;
  std::shared_ptr<asio::ssl::context> tls;
};

HttpServer::Door::Door(std::unique_ptr<State> state) : state_(std::move(state)) {}
HttpServer::Door::Door(Door&&) noexcept = default;
HttpServer::Door& HttpServer::Door::operator=(Door&&) noexcept = default;
HttpServer::Door::~Door() = default;

HttpServer::HttpServer(Runtime& runtime, Router& router, ServerLimits limits, base::Logger log)
    : impl_(std::make_shared<Impl>(runtime, router, limits, std::move(log))) {}

HttpServer::~HttpServer() {
  stop();
  const std::unique_lock none_running(impl_->handlers);
}

base::Result<HttpServer::Door> HttpServer::open(const Listen& where) const {
  auto state = std::make_unique<Door::State>();
  state->files = where.tls;
  if (where.tls) {
    auto context = server_context(*where.tls);
    if (!context) return std::unexpected(base::with_context("cannot listen on " + where.address, context.error()));
    state->tls = std::move(*context);
  }
  const auto doors = impl_->all_doors();
  const auto used = std::ranges::find(doors, where.address, [](const auto& door) { return door->configured; });
  if (used != doors.end()) {
    state->door = *used;
    return Door(std::move(state));
  }
  auto listener = Listener::open(where.address, impl_->lending);
  if (!listener) return std::unexpected(listener.error());
  state->door = std::make_shared<Impl::Door>(where.address, std::move(*listener), asio::make_strand(impl_->io));
  state->is_new = true;
  return Door(std::move(state));
}

void HttpServer::use(std::vector<Door> doors) {
  std::vector<std::shared_ptr<Impl::Door>> gone, changed;
  {
    const std::lock_guard lock(impl_->mutex);
    gone.swap(impl_->doors);
    for (auto& door : doors) {
      auto& next = *door.state_;
      std::erase(gone, next.door);
      if (!next.is_new && next.files != next.door->files) changed.push_back(next.door);
      next.door->files = next.files;
      next.door->tls = next.tls;
      impl_->doors.push_back(next.door);
    }
  }
  for (const auto& door : gone) {
    impl_->close(door);
    impl_->for_each_session(&Session::drain, door.get());
  }
  for (const auto& door : changed) impl_->for_each_session(&Session::drain, door.get());
  for (const auto& door : doors)
    if (door.state_->is_new) impl_->accept_on(door.state_->door);
}

void HttpServer::lend_ports(const std::vector<std::string>& but_those_of) {
  impl_->lending = true;
  for (const auto& door : impl_->all_doors()) {
    const bool stays = std::ranges::find(but_those_of, door->configured) != but_those_of.end();
    if (door->listener.family() != AF_UNIX && !stays) share_port(door->acceptor.native_handle(), true);
  }
}

void HttpServer::keep_ports() {
  impl_->lending = false;
  for (const auto& door : impl_->all_doors())
    if (door->listener.family() != AF_UNIX) share_port(door->acceptor.native_handle(), false);
}

void HttpServer::limit_connections(std::size_t most) { impl_->max_connections = most; }

std::vector<std::string> HttpServer::addresses() const {
  std::vector<std::string> result;
  for (const auto& door : impl_->all_doors()) result.push_back(door->listener.address());
  return result;
}

void HttpServer::drain(Task done) {
  impl_->draining_ = true;
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->drained.push_back(std::move(done));
    ++impl_->open;  // until everything has been told
  }
  impl_->close_doors();
  impl_->for_each_session(&Session::drain);
  impl_->one_less();
}

void HttpServer::stop() {
  impl_->draining_ = true;
  impl_->stopped_ = true;
  impl_->close_doors();
  impl_->for_each_session(&Session::stop);
}

std::vector<std::shared_ptr<HttpServer::Impl::Door>> HttpServer::Impl::all_doors() {
  const std::lock_guard lock(mutex);
  return doors;
}

void HttpServer::Impl::accept_on(std::shared_ptr<Door> door) {
  {
    const std::lock_guard lock(mutex);
    ++open;
  }
  const auto executor = door->acceptor.get_executor();
  asio::co_spawn(executor, accept_loop(std::move(door)), [self = shared_from_this()](std::exception_ptr failure) {
    self->one_less();
    if (failure) std::rethrow_exception(failure);
  });
}

Awaitable<void> HttpServer::Impl::accept_loop(std::shared_ptr<Door> door) {
  bool failing = false;
  while (door->acceptor.is_open()) {
    error_code ec;
    auto socket = co_await door->acceptor.async_accept(asio::make_strand(io), returning(ec));
    if (!ec) {
      failing = false;
      open_session(std::move(socket), *door);
      continue;
    }
    if (ec == asio::error::operation_aborted || ec == asio::error::connection_aborted) continue;
    if (!std::exchange(failing, true))
      log.warn("cannot accept connections, trying again", {{"address", door->listener.address()}, {"why", ec.message()}});
    co_await door->pause.wait_until(from_now(kAcceptPause));
  }
}

void HttpServer::Impl::open_session(Stream::Socket socket, const Door& door) {
  error_code not_tcp;
  socket.set_option(asio::ip::tcp::no_delay(true), not_tcp);
  Session::Terms terms{.limits = limits};
  std::shared_ptr<Session> session;
  {
    const std::lock_guard lock(mutex);
    if (stopped_ || sessions.size() >= max_connections + kRefusals) return;
    terms.tls = door.tls;
    terms.last = door.closing;
    terms.refuse = sessions.size() >= max_connections;
    session = std::make_shared<Session>(std::move(socket), std::move(terms), shared_from_this());
    sessions.emplace(session.get(), Guest{session, &door});
    ++open;
  }
  // The session lives until it is off the list, so that no other can take its place in memory before.
  asio::co_spawn(session->executor(), session->run(), [self = shared_from_this(), session](std::exception_ptr failure) {
    self->session_ended(session.get());
    if (failure) std::rethrow_exception(failure);
  });
}

void HttpServer::Impl::session_ended(const Session* session) {
  {
    const std::lock_guard lock(mutex);
    sessions.erase(session);
  }
  one_less();
}

void HttpServer::Impl::one_less() {
  std::vector<Task> tasks;
  {
    const std::lock_guard lock(mutex);
    if (--open == 0) tasks.swap(drained);
  }
  for (auto& task : tasks) asio::post(io, std::move(task));
}

void HttpServer::Impl::close(const std::shared_ptr<Door>& door) {
  if (door->closing.exchange(true)) return;
  door->listener.withdraw();
  asio::post(door->acceptor.get_executor(), [self = shared_from_this(), door] {
    self->take_last(*door);
    error_code ignored;
    door->acceptor.close(ignored);
    door->pause.wake();
  });
}

void HttpServer::Impl::close_doors() {
  for (const auto& door : all_doors()) close(door);
}

// Clients whose connection the kernel has made already would be reset by closing the door: they get an answer instead.
void HttpServer::Impl::take_last(Door& door) {
  error_code ec;
  door.acceptor.non_blocking(true, ec);
  while (!ec) {
    auto socket = door.acceptor.accept(asio::make_strand(io), ec);
    if (!ec) open_session(std::move(socket), door);
  }
}

void HttpServer::Impl::for_each_session(void (Session::*what)(), const Door* through) {
  const std::lock_guard lock(mutex);
  for (const auto& [key, guest] : sessions) {
    const auto session = guest.session.lock();
    if (session && (through == nullptr || guest.through == through)) (*session.*what)();
  }
}

Router::Match HttpServer::Impl::match(const ServerRequest& request) const {
  const std::shared_lock lock(handlers);
  if (stopped_) return {.refusal = text_response(503, "the server has stopped")};
  return router.match(request.method, request.path);
}

void HttpServer::Impl::call(const Route& route, ServerRequest request, Reply reply) {
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
