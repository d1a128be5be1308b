#include "net/http_server.hpp"

#include <fcntl.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <map>
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
    Door(std::string address, Listener open, Executor executor, std::shared_ptr<asio::ssl::context> context)
        : configured(std::move(address)),
          listener(std::move(open)),
          tls(std::move(context)),
          acceptor(executor, Stream::Protocol(listener.family(), 0), listener.release()),
          pause(executor) {}

    const std::string configured;
    Listener listener;
    std::shared_ptr<asio::ssl::context> tls;
    asio::basic_socket_acceptor<Stream::Protocol, Executor> acceptor;
    Event pause;
    std::atomic<bool> closing = false;
    bool accepting = false;  // these two on the acceptor's strand, once it has started
    Task left;
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
  [[nodiscard]] bool refusing() const override { return draining_ && !leaving_; }
  [[nodiscard]] Router::Match match(const ServerRequest& request) const override;
  void call(const Route& route, ServerRequest request, Reply reply) override;

  asio::io_context& io;
  Router& router;
  const ServerLimits limits;
  const base::Logger log;
  std::vector<std::shared_ptr<Door>> doors;

  std::atomic<bool> draining_ = false;
  std::atomic<bool> leaving_ = false;  // the next server is there at once, so whatever still comes is handled
  std::atomic<bool> stopped_ = false;
  mutable std::shared_mutex handlers;  // shared while the router or a handler of it is in use

  std::mutex mutex;
  std::unordered_map<const Session*, std::weak_ptr<Session>> sessions;
  std::size_t open = 0;  // accept loops and sessions
  std::vector<Task> drained;
};

struct OpenDoors::Impl {
  std::map<std::string, Listener> by_address;  // as configured
};

OpenDoors::OpenDoors() : impl_(std::make_unique<Impl>()) {}
OpenDoors::OpenDoors(OpenDoors&&) noexcept = default;
OpenDoors& OpenDoors::operator=(OpenDoors&&) noexcept = default;
OpenDoors::~OpenDoors() = default;

void OpenDoors::add(OpenDoors more) { impl_->by_address.merge(more.impl_->by_address); }

void OpenDoors::close_all_but(const std::vector<std::string>& addresses) {
  std::erase_if(impl_->by_address, [&](const auto& door) { return std::ranges::find(addresses, door.first) == addresses.end(); });
}

HttpServer::HttpServer(Runtime& runtime, Router& router, ServerLimits limits, base::Logger log)
    : impl_(std::make_shared<Impl>(runtime, router, limits, std::move(log))) {}

HttpServer::~HttpServer() {
  stop();
  const std::unique_lock none_running(impl_->handlers);
}

base::Result<void> HttpServer::listen(const Listen& where) { return listen(where, nullptr); }
base::Result<void> HttpServer::listen(const Listen& where, OpenDoors& left) { return listen(where, &left); }

base::Result<void> HttpServer::listen(const Listen& where, OpenDoors* left) {
  std::shared_ptr<asio::ssl::context> tls;
  if (where.tls) {
    auto context = server_context(*where.tls);
    if (!context) return std::unexpected(base::with_context("cannot listen on " + where.address, context.error()));
    tls = std::move(*context);
  }
  std::optional<Listener> listener;
  if (left != nullptr) {
    if (auto open = left->impl_->by_address.extract(where.address)) listener.emplace(std::move(open.mapped()));
  }
  if (!listener) {
    auto opened = Listener::open(where.address);
    if (!opened) return std::unexpected(opened.error());
    listener.emplace(std::move(*opened));
  }
  impl_->doors.push_back(std::make_shared<Impl::Door>(where.address, std::move(*listener), asio::make_strand(impl_->io), std::move(tls)));
  return {};
}

OpenDoors HttpServer::leave_doors_open(Task done) {
  OpenDoors left;
  impl_->leaving_ = true;
  const auto last = std::make_shared<Task>(std::move(done));
  const auto accepting = std::make_shared<std::atomic<std::size_t>>(1);
  const auto one_left = [last, accepting] {
    if (--*accepting == 0 && *last) (*last)();
  };
  for (const auto& door : impl_->doors) {
    if (door->closing.exchange(true)) continue;
    // Without a handle to spare the door is closed, and the next server opens it anew.
    const int handle = ::fcntl(door->acceptor.native_handle(), F_DUPFD_CLOEXEC, 0);
    if (handle >= 0) {
      left.impl_->by_address.emplace(door->configured, door->listener.continued(handle));
    } else {
      door->listener.withdraw();
    }
    ++*accepting;
    asio::post(door->acceptor.get_executor(), [door, one_left] {
      error_code ignored;
      door->acceptor.close(ignored);
      door->pause.wake();
      if (!door->accepting) return one_left();
      door->left = one_left;
    });
  }
  one_left();
  return left;
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
  door->accepting = true;
  asio::co_spawn(executor, accept_loop(door), [self = shared_from_this(), door](std::exception_ptr failure) {
    door->accepting = false;
    if (door->left) std::exchange(door->left, {})();
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
