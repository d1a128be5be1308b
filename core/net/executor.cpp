#include "net/executor.hpp"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>

#include "net/executor_impl.hpp"

namespace belfry::net {

namespace {

thread_local bool leaving = false;

struct Leave {};  // ends the loop of the thread that throws it

// Must not throw, although the log call can: there may be no memory for it.
void report(const base::Logger& log, const std::string& thread, const char* what) noexcept {
  try {
    log.error("a task threw", {{"thread", thread}, {"what", what}});
  } catch (...) {
  }
}

}  // namespace

Runtime::Runtime(std::string name, std::size_t threads, base::Logger log) : impl_(std::make_shared<Impl>(std::move(name), std::move(log))) {
  for (std::size_t i = 0; i < threads; ++i) add_thread();
}

Runtime::~Runtime() {
  stop();
  for (auto& worker : impl_->workers) worker->thread.join();
}

void Runtime::Impl::run() {
  for (;;) {
    try {
      io.run();
      return;
    } catch (const Leave&) {
      return;
    } catch (const std::exception& e) {
      report(log, name, e.what());
    } catch (...) {
      report(log, name, "something that is not a std::exception");
    }
  }
}

// Pending tasks may own objects of other runtimes: destroy them while those runtimes exist, not with the io_context.
void Runtime::Impl::drop_the_rest() {
  dropping = true;
  io.restart();
  io.poll();
  io.stop();
}

void Runtime::post(Task task) { asio::post(impl_->io, impl_->guarded(std::move(task))); }

void Runtime::add_thread() {
  auto worker = std::make_shared<Impl::Worker>();
  const std::lock_guard lock(impl_->mutex);
  std::erase_if(impl_->workers, [](const auto& old) {
    if (old->ended) old->thread.join();
    return old->ended;
  });
  impl_->workers.reserve(impl_->workers.size() + 1);  // push_back below must not throw: the running thread would be lost
  // The thread shares the Impl: a thread detached by join() may outlive the Runtime.
  worker->thread = std::thread([impl = impl_, worker] {
    ::pthread_setname_np(::pthread_self(), impl->name.substr(0, 15).c_str());  // the kernel takes 15 characters
    impl->run();
    const std::lock_guard ending(impl->mutex);
    worker->ended = true;
    impl->thread_ended.notify_all();
  });
  impl_->workers.push_back(std::move(worker));
}

std::size_t Runtime::threads() const {
  const std::lock_guard lock(impl_->mutex);
  return static_cast<std::size_t>(std::ranges::count(impl_->workers, false, &Impl::Worker::ended));
}

void Runtime::end_this_thread() { leaving = true; }

void Runtime::Impl::exit_if_requested() {
  if (std::exchange(leaving, false)) throw Leave();
}

ThreadId this_thread_id() {
  thread_local const ThreadId id = ::gettid();
  return id;
}

void lower_priority(ThreadId thread) { static_cast<void>(::setpriority(PRIO_PROCESS, static_cast<id_t>(thread), 19)); }

void Runtime::stop() { impl_->io.stop(); }

bool Runtime::join(base::Millis timeout) {
  std::vector<std::shared_ptr<Impl::Worker>> workers;
  std::vector<bool> ended;
  {
    std::unique_lock lock(impl_->mutex);
    impl_->thread_ended.wait_until(lock, from_now(timeout), [&] { return std::ranges::all_of(impl_->workers, &Impl::Worker::ended); });
    workers.swap(impl_->workers);
    for (const auto& worker : workers) ended.push_back(worker->ended);
  }
  for (std::size_t i = 0; i < workers.size(); ++i) ended[i] ? workers[i]->thread.join() : workers[i]->thread.detach();
  const bool all_ended = std::ranges::all_of(ended, std::identity());
  if (all_ended) impl_->drop_the_rest();
  return all_ended;
}

Strand::Strand(Runtime& runtime) : impl_(std::make_shared<Impl>(Impl{asio::make_strand(runtime.impl().io), runtime.impl()})) {}

void Strand::post(Task task) const { asio::post(impl_->executor, impl_->runtime.guarded(std::move(task))); }

bool Strand::running_in_this_thread() const { return impl_->executor.running_in_this_thread(); }

// Shared with the pending wait: its completion can already be queued when the Timer is cancelled or destroyed.
struct Timer::Impl : std::enable_shared_from_this<Impl> {
  explicit Impl(const Strand::Impl& strand) : timer(strand.executor), runtime(strand.runtime) {}

  void arm(base::Millis after, Task task) {
    handler = std::move(task);
    const auto shot = ++current;
    timer.expires_at(from_now(after));
    timer.async_wait([self = shared_from_this(), shot](error_code) { self->fire(shot); });
  }

  void fire(std::uint64_t shot) {
    if (shot != current) return;
    auto task = std::exchange(handler, nullptr);
    if (task && !runtime.dropping) task();
  }

  void cancel() {
    ++current;
    handler = nullptr;
    timer.cancel();
  }

  SteadyTimer timer;
  Runtime::Impl& runtime;
  Task handler;
  std::uint64_t current = 0;
};

Timer::Timer(const Strand& strand) : impl_(std::make_shared<Impl>(strand.impl())) {}

Timer::~Timer() {
  if (impl_) impl_->cancel();
}

Timer::Timer(Timer&&) noexcept = default;

Timer& Timer::operator=(Timer&& other) noexcept {
  if (this == &other) return *this;
  if (impl_) impl_->cancel();
  impl_ = std::move(other.impl_);
  return *this;
}

void Timer::arm(base::Millis after, Task handler) { impl_->arm(after, std::move(handler)); }

void Timer::cancel() { impl_->cancel(); }

}  // namespace belfry::net
