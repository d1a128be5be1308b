#include "app/reload/reloader.hpp"

#include <exception>
#include <utility>

#include "base/run_with_retries.hpp"

namespace belfry::app {

Reloader::Reloader(std::function<ReloadResult(const std::string&)> reload) : reload_(std::move(reload)) {}

void Reloader::start() {
  thread_ = std::thread([this] { run(); });
}

void Reloader::request(std::string who, Handler handler) {
  const std::lock_guard lock(mutex_);
  if (stopping_) return;
  waiting_.push_back({std::move(who), std::move(handler)});
  requested_.notify_one();
}

void Reloader::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    requested_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

namespace {

ReloadResult failed(const std::exception_ptr& failure) {
  ReloadResult result{base::SystemClock().now(), false, {}};
  result.problems.push_back({.text = std::string("the reload failed: ") + base::exception_message(failure)});
  return result;
}

}  // namespace

// The thread survives any exception, and every requester gets an answer.
void Reloader::run_batch(std::vector<Request>& requests) noexcept try {
  std::string who;
  for (const auto& request : requests) {
    if (who.find(request.who) == std::string::npos) who += (who.empty() ? "" : ", ") + request.who;
  }
  const auto result = [&] {
    try {
      return reload_(who);
    } catch (...) {
      return failed(std::current_exception());
    }
  }();
  for (auto& request : requests) {
    try {
      if (request.handler) request.handler(result);
    } catch (...) {
      // Only the answer to this request is lost.
    }
  }
} catch (...) {
  // Out of memory even for a result: dropping the handlers reports the failure.
}

void Reloader::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    requested_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    auto requests = std::exchange(waiting_, {});
    const bool over = stopping_;
    lock.unlock();
    if (over) return;
    run_batch(requests);
    requests.clear();  // destroys the handlers outside the lock
    lock.lock();
  }
}

}  // namespace belfry::app
