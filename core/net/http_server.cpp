#include "net/http_server.hpp"

#include <atomic>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <mutex>
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
    Door(Listener open, Executor executor, std::shared_ptr<asio::ssl::context> context)
        : listener(std::move(open)),
          tls(std::move(context)),
          acceptor(executor, Stream::Protocol(listener.family(), 0), listener.release()),
          pause(executor) {}

    Listener listener;
    std::shared_ptr<asio::ssl::context> tls;
    asio::basic_socket_acceptor<Stream::Protocol, Executor> acceptor;
    Event pause;
    std::atomic<bool> closing = false;
  };

  Impl(Runtime& owner, Router& routes, ServerLimits most, base::Logger logger)
      : io(owner.impl().io), router(routes), limits(most), log(std::move(logger)) {}

  void accept_on(std::shared_ptr<Door> door);
  Awaitable<void> accept_loop(std::shared_ptr<Door> door);
  void open_session(Stream::Socket socket, const Door& door);
  void session_ended(const Session* session);
  void one_less();
  void close_doors();
  void take_last(Door& door);
  void for_each_session(void (Session::*what)());

  [[nodiscard]] bool draining() const override { return draining_; }
  [[nodiscard]] Router::Match match(const ServerRequest& request) const override;
  void call(const Route& route, ServerRequest request, Reply reply) override;

  asio::io_context& io;
  Router& router;
  const ServerLimits limits;
  const base::Logger log;
  std::vector<std::shared_ptr<Door>> doors;

  std::atomic<bool> draining_ = false;
  std::atomic<bool> stopped_ = false;
  mutable std::shared_mutex handlers;  // shared while the router or a handler of it is in use

  std::mutex mutex;
  std::unordered_map<const Session*, std::weak_ptr<Session>> sessions;
  std::size_t open = 0;  // accept loops and sessions
  std::vector<Task> drained;
};

HttpServer::HttpServer(Runtime& runtime, Router& router, ServerLimits limits, base::Logger log)
    : impl_(std::make_shared<Impl>(runtime, router, limits, std::move(log))) {}

HttpServer::~HttpServer() {
  stop();
  const std::unique_lock none_running(impl_->handlers);
}

base::Result<void> HttpServer::listen(const Listen& where) {
  std::shared_ptr<asio::ssl::context> tls;
  if (where.tls) {
    auto context = server_context(*where.tls);
    if (!context) return std::unexpected(base::with_context("cannot listen on " + where.address, context.error()));
    tls = std::move(*context);
  }
  auto listener = Listener::open(where.address);
  if (!listener) return std::unexpected(listener.error());
  impl_->doors.push_back(std::make_shared<Impl::Door>(std::move(*listener), asio::make_strand(impl_->io), std::move(tls)));
  return {};
}

std::vector<std::string> HttpServer::addresses() const {
  std::vector<std::string> result;
  for (const auto& door : impl_->doors) result.push_back(door->listener.address());
  return result;
}

void HttpServer::start() {
  for (const auto& door : impl_->doors) impl_->accept_on(door);
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
  Session::Terms terms{.limits = limits, .tls = door.tls};
  std::shared_ptr<Session> session;
  {
    const std::lock_guard lock(mutex);
    if (stopped_ || sessions.size() >= limits.max_connections + kRefusals) return;
    terms.refuse = sessions.size() >= limits.max_connections;
    session = std::make_shared<Session>(std::move(socket), std::move(terms), shared_from_this());
    sessions.emplace(session.get(), session);
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

void HttpServer::Impl::close_doors() {
  for (const auto& door : doors) {
    if (door->closing.exchange(true)) continue;
    door->listener.withdraw();
    asio::post(door->acceptor.get_executor(), [self = shared_from_this(), door] {
      self->take_last(*door);
      error_code ignored;
      door->acceptor.close(ignored);
      door->pause.wake();
    });
  }
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

void HttpServer::Impl::for_each_session(void (Session::*what)()) {
  const std::lock_guard lock(mutex);
  for (const auto& [key, weak] : sessions)
    if (const auto session = weak.lock()) (*session.*what)();
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
