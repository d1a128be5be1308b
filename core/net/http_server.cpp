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

#include "base/insist.hpp"
#include "net/admission.hpp"
#include "net/executor_impl.hpp"
#include "net/listener.hpp"
#include "net/server_session.hpp"
#include "net/shed_log.hpp"
#include "net/timeout.hpp"
#include "net/tls.hpp"

namespace belfry::net {

namespace {

// Connections over the limit that are refused or being closed at the same time. More than these are closed without an answer.
constexpr std::size_t kSurplus = 64;

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

  Impl(Runtime& owner, Router& routes, ServerLimits most, base::Logger logger, ServerEvents to_report)
      : io(owner.impl().io),
        router(routes),
        limits(most),
        log(std::move(logger)),
        events(std::move(to_report)),
        shed(log, events.shed),
        budget(most.max_body_memory),
        bounds{most.max_connections, most.max_connections_per_address} {}

  void accept_on(std::shared_ptr<Door> door);
  Awaitable<void> accept_loop(std::shared_ptr<Door> door);
  void open_session(Stream::Socket socket, const Door& door);
  void session_ended(ConnectionId id);
  bool shed_one();
  void displace(ConnectionId id);  // with the lock
  void one_less();
  [[nodiscard]] std::vector<std::shared_ptr<Door>> all_doors();
  void close(const std::shared_ptr<Door>& door);
  void close_doors();
  void take_last(Door& door);
  void for_each_session(void (Session::*what)(), const Door* through = nullptr);

  [[nodiscard]] bool draining() const override { return draining_; }
  [[nodiscard]] Router::Match match(const ServerRequest& request) const override;
  void call(const Route& route, ServerRequest request, Reply reply) override;
  [[nodiscard]] std::optional<ServerResponse> admit(const Route& route, const ServerRequest& request) override;
  void progress(ConnectionId id, Progress progress) override;
  void answered(const ServerAnswer& answer) override {
    if (events.answered) events.answered(answer);
  }
  [[nodiscard]] BodyBudget& bodies() override { return budget; }
  void body_refused() override { shed.count(Shed::body_memory, {}, body_memory, std::chrono::steady_clock::now()); }

  asio::io_context& io;
  Router& router;
  const ServerLimits limits;
  const base::Logger log;
  const ServerEvents events;
  ShedLog shed;
  BodyBudget budget;
  std::atomic<std::size_t> body_memory = limits.max_body_memory;
  bool lending = false;

  std::atomic<bool> draining_ = false;
  std::atomic<bool> stopped_ = false;
  mutable std::shared_mutex handlers;  // shared while the router or a handler of it is in use

  std::mutex mutex;
  std::vector<std::shared_ptr<Door>> doors;
  std::unordered_map<ConnectionId, Guest> sessions;
  ConnectionBounds bounds;
  ConnectionTable table;
  ConnectionId last_id = 0;
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

HttpServer::HttpServer(Runtime& runtime, Router& router, ServerLimits limits, base::Logger log, ServerEvents events)
    : impl_(std::make_shared<Impl>(runtime, router, limits, std::move(log), std::move(events))) {}

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

// The list is exchanged as a whole. Each step behind that is done whatever becomes of the others.
void HttpServer::use(std::vector<Door> doors) {
  using Doors = std::vector<std::shared_ptr<Impl::Door>>;
  Doors next, gone, changed;
  const auto failed = [this](const std::exception_ptr& failure) {
    impl_->log.error("the addresses could not be exchanged", {{"why", base::what_of(failure)}});
  };
  const auto make_room = [&] {
    next.reserve(doors.size());
    changed.reserve(doors.size());
    gone = impl_->all_doors();
  };
  if (!base::insist(make_room, failed)) return;
  {
    const std::lock_guard lock(impl_->mutex);
    for (auto& door : doors) {
      auto& state = *door.state_;
      std::erase(gone, state.door);
      if (!state.is_new && state.files != state.door->files) changed.push_back(state.door);
      state.door->files = std::move(state.files);
      state.door->tls = state.tls;
      next.push_back(state.door);
    }
    impl_->doors.swap(next);
  }
  for (const auto& door : gone) {
    impl_->close(door);
    base::insist([&] { impl_->for_each_session(&Session::drain, door.get()); }, failed);
  }
  for (const auto& door : changed) base::insist([&] { impl_->for_each_session(&Session::drain, door.get()); }, failed);
  for (const auto& door : doors)
    if (door.state_->is_new) base::insist([&] { impl_->accept_on(door.state_->door); }, failed);
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

void HttpServer::limit_connections(std::size_t total, std::size_t per_address) {
  const std::lock_guard lock(impl_->mutex);
  impl_->bounds = {total, per_address};
}

void HttpServer::limit_body_memory(std::size_t bytes) {
  impl_->body_memory = bytes;
  impl_->budget.limit(bytes);
}

bool HttpServer::shed_one() { return impl_->shed_one(); }

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
  try {
    asio::co_spawn(executor, accept_loop(std::move(door)), [self = shared_from_this()](std::exception_ptr failure) {
      self->one_less();
      if (failure) std::rethrow_exception(failure);
    });
  } catch (...) {
    one_less();
    throw;
  }
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
    if (ec == boost::system::errc::too_many_files_open || ec == boost::system::errc::too_many_files_open_in_system) {
      shed_one();
      if (events.out_of_descriptors) events.out_of_descriptors();
    }
    co_await door->pause.wait_until(from_now(kAcceptPause));
  }
}

void HttpServer::Impl::open_session(Stream::Socket socket, const Door& door) {
  error_code not_tcp;
  socket.set_option(asio::ip::tcp::no_delay(true), not_tcp);
  Session::Terms terms{.limits = limits};
  const auto now = std::chrono::steady_clock::now();
  const auto network = peer_network(socket);
  std::optional<Shed> what;
  std::size_t limit = 0;
  std::shared_ptr<Session> session;
  {
    const std::lock_guard lock(mutex);
    if (stopped_) return;
    limit = bounds.total;
    if (table.size() >= bounds.total + kSurplus) {
      what = Shed::dropped;
    } else {
      terms.id = ++last_id;
      const auto admission = table.add(terms.id, network, now, bounds);
      const bool by_address = admission.bound == ConnectionTable::Bound::address;
      if (by_address) limit = bounds.per_address;
      if (admission.displaced) {
        what = by_address ? Shed::displaced_by_address : Shed::displaced;
        displace(*admission.displaced);
      } else if (admission.refused) {
        what = Shed::refused;
      }
      terms.tls = door.tls;
      terms.last = door.closing;
      terms.refuse = admission.refused;
      const auto id = terms.id;
      session = std::make_shared<Session>(std::move(socket), std::move(terms), shared_from_this());
      sessions.emplace(id, Guest{session, &door});
      ++open;
    }
  }
  if (what) shed.count(*what, network, limit, now);
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
  one_less();
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
    limit = bounds.total;
  }
  shed.count(Shed::descriptors, {}, limit, std::chrono::steady_clock::now());
  return true;
}

void HttpServer::Impl::progress(ConnectionId id, Progress progress) {
  const auto now = std::chrono::steady_clock::now();
  const std::lock_guard lock(mutex);
  switch (progress) {
    case Progress::receiving: return table.receiving(id, now);
    case Progress::handling: return table.handling(id);
    case Progress::answered: return table.answered(id, true, now);
    case Progress::refused: return table.answered(id, false, now);
    case Progress::closing: return table.closing(id);
  }
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
  const auto end = [self = shared_from_this(), door] {
    self->take_last(*door);
    error_code ignored;
    door->acceptor.close(ignored);
    door->pause.wake();
  };
  base::insist([&] { asio::post(door->acceptor.get_executor(), end); },
               [&](const auto& failure) { log.error("an address stays open", {{"why", base::what_of(failure)}}); });
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
  for (const auto& [id, guest] : sessions) {
    const auto session = guest.session.lock();
    if (session && (through == nullptr || guest.through == through)) (*session.*what)();
  }
}

Router::Match HttpServer::Impl::match(const ServerRequest& request) const {
  const std::shared_lock lock(handlers);
  if (stopped_) return {.refusal = text_response(503, "the server has stopped")};
  return router.match(request.method, request.path);
}

std::optional<ServerResponse> HttpServer::Impl::admit(const Route& route, const ServerRequest& request) {
  const auto* admission = admission_of(route);
  if (admission == nullptr) return std::nullopt;
  const std::shared_lock lock(handlers);
  if (stopped_) return text_response(503, "the server has stopped");
  try {
    return admission->admit(request);
  } catch (const std::exception& e) {
    log.error("a request could not be judged", {{"request", request.method + " " + request.path}, {"what", e.what()}});
  } catch (...) {
    log.error("a request could not be judged", {{"request", request.method + " " + request.path}});
  }
  return text_response(500, "the request could not be judged");
}

void HttpServer::Impl::call(const Route& route, ServerRequest request, Reply reply) {
  const std::shared_lock lock(handlers);
  if (stopped_) return;
  const auto where = request.method + " " + request.path;
  try {
    // What is admitted already is not judged again.
    const auto* admission = admission_of(route);
    (admission == nullptr ? route.handler : admission->handle)(std::move(request), std::move(reply));
  } catch (const std::exception& e) {
    log.error("a request handler threw", {{"request", where}, {"what", e.what()}});
  } catch (...) {
    log.error("a request handler threw", {{"request", where}});
  }
}

}  // namespace belfry::net
