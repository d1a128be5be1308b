#include "net/lookup_pool.hpp"

#include <netdb.h>
#include <pthread.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "base/run_with_retries.hpp"

namespace belfry::net {

namespace {

base::SteadyTime steady_now() { return std::chrono::steady_clock::now(); }

}  // namespace

LookupResult look_up(const std::string& host) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (error != 0) return {{}, error == EAI_SYSTEM ? std::system_category().message(errno) : ::gai_strerror(error)};
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> guard(found, ::freeaddrinfo);
  LookupResult result;
  for (const auto* entry = found; entry != nullptr; entry = entry->ai_next) {
    HostAddress address;
    address.size = std::min<socklen_t>(entry->ai_addrlen, sizeof address.storage);
    std::memcpy(&address.storage, entry->ai_addr, address.size);
    result.addresses.push_back(address);
  }
  return result;
}

struct LookupPool::State : std::enable_shared_from_this<State> {
  State(Limits pool_limits, Resolver resolver) : limits(pool_limits), resolve(std::move(resolver)) {}

  struct Name {
    std::vector<Request*> waiting;
    std::vector<base::SteadyTime> running;  // start times, oldest first
    bool queued = false;
    base::SteadyTime suspect_until = base::SteadyTime::min();

    [[nodiscard]] bool idle(base::SteadyTime now) const { return waiting.empty() && running.empty() && !queued && suspect_until <= now; }
  };

  void enter(Request& request);
  void leave(Request& request);
  void start_possible();
  [[nodiscard]] bool may_start(const Name& name, base::SteadyTime now) const;
  [[nodiscard]] bool is_suspect(const Name& name, base::SteadyTime now) const;
  void start(const std::string& host, Name& name);
  void run(const std::string& host, base::SteadyTime since) noexcept;
  void finish(const std::string& host, base::SteadyTime since, const LookupResult& result);
  void report(Name& name, const LookupResult& result) const;
  void forget_idle();

  const Limits limits;
  const Resolver resolve;
  mutable std::mutex mutex;
  std::map<std::string, Name> names;
  std::deque<std::string> queue;
  std::size_t threads = 0;
  bool closed = false;
};

void LookupPool::State::enter(Request& request) {
  const std::lock_guard lock(mutex);
  auto& name = names[request.host_];
  name.waiting.push_back(&request);
  const bool joins = !name.running.empty() && name.running.back() + limits.max_join_age > steady_now();
  if (!joins && !closed && !std::exchange(name.queued, true)) queue.push_back(request.host_);
  start_possible();
}

void LookupPool::State::leave(Request& request) {
  const std::lock_guard lock(mutex);
  const auto found = names.find(request.host_);
  if (found != names.end()) std::erase(found->second.waiting, &request);
  start_possible();
}

bool LookupPool::State::is_suspect(const Name& name, base::SteadyTime now) const {
  return name.suspect_until > now || (!name.running.empty() && name.running.front() + limits.hang_threshold <= now);
}

bool LookupPool::State::may_start(const Name& name, base::SteadyTime now) const {
  std::size_t active = 0;
  std::size_t of_suspects = 0;
  for (const auto& [host, other] : names) {
    if (is_suspect(other, now)) of_suspects += other.running.size();
    active +=
        static_cast<std::size_t>(std::ranges::count_if(other.running, [&](auto since) { return since + limits.hang_threshold > now; }));
  }
  if (threads >= limits.total || active >= limits.active || name.running.size() >= limits.per_name) return false;
  return !is_suspect(name, now) || of_suspects < limits.suspect;
}

// In order of arrival, but a name that must wait does not block the names behind it.
void LookupPool::State::start_possible() {
  for (auto at = queue.begin(); at != queue.end();) {
    auto& name = names[*at];
    const bool wanted = !name.waiting.empty();
    if (wanted && !may_start(name, steady_now())) {
      ++at;
      continue;
    }
    const auto host = *at;
    at = queue.erase(at);
    name.queued = false;
    if (wanted) start(host, name);
  }
  forget_idle();
}

// Counted before the thread exists, so that no failure in between leaves a thread uncounted.
void LookupPool::State::start(const std::string& host, Name& name) {
  const auto since = steady_now();
  name.running.push_back(since);
  ++threads;
  try {
    std::thread([self = shared_from_this(), host, since] { self->run(host, since); }).detach();
  } catch (const std::exception& error) {
    --threads;
    name.running.pop_back();
    if (name.running.empty()) report(name, {{}, std::string("cannot start a thread for the lookup: ") + error.what()});
  }
}

// On a detached thread, where an exception would end the process.
void LookupPool::State::run(const std::string& host, base::SteadyTime since) noexcept {
  ::pthread_setname_np(::pthread_self(), "lookup");
  LookupResult result;
  try {
    result = resolve(host);
  } catch (...) {
    const auto failure = std::current_exception();
    base::run_with_retries([&] { result = {{}, std::string("the lookup failed: ") + base::exception_message(failure)}; },
                           [](const auto&) {});
  }
  // After an exception, the next poll() does the rest.
  try {
    finish(host, since, result);
  } catch (...) {
    return;
  }
}

void LookupPool::State::finish(const std::string& host, base::SteadyTime since, const LookupResult& result) {
  const std::lock_guard lock(mutex);
  --threads;
  const auto found = names.find(host);
  if (found != names.end()) {
    auto& name = found->second;
    const auto now = steady_now();
    if (const auto mine = std::ranges::find(name.running, since); mine != name.running.end()) name.running.erase(mine);
    name.suspect_until = since + limits.hang_threshold <= now ? now + limits.suspect_for : base::SteadyTime::min();
    report(name, result);
  }
  start_possible();
}

// A handler that throws has no result; its caller has a deadline.
void LookupPool::State::report(Name& name, const LookupResult& result) const {
  for (auto* request : std::exchange(name.waiting, {})) {
    try {
      if (!closed) request->handler_(result);
    } catch (...) {
      continue;
    }
  }
}

void LookupPool::State::forget_idle() {
  std::erase_if(names, [now = steady_now()](const auto& entry) { return entry.second.idle(now); });
}

LookupPool::Request::~Request() { state_->leave(*this); }

LookupPool::LookupPool(Limits limits, Resolver resolve) : state_(std::make_shared<State>(limits, std::move(resolve))) {}

LookupPool::~LookupPool() { close(); }

void LookupPool::close() {
  const std::lock_guard lock(state_->mutex);
  state_->closed = true;
  state_->queue.clear();
}

std::unique_ptr<LookupPool::Request> LookupPool::resolve(const std::string& host, Handler handler) {
  auto request = std::make_unique<Request>(state_, host, std::move(handler));
  state_->enter(*request);
  return request;
}

void LookupPool::poll() {
  const std::lock_guard lock(state_->mutex);
  state_->start_possible();
}

std::size_t LookupPool::threads() const {
  const std::lock_guard lock(state_->mutex);
  return state_->threads;
}

}  // namespace belfry::net
