#include "plugin/run/threads/plugin_threads.hpp"

#include <algorithm>
#include <system_error>

namespace belfry::plugin {
namespace {

thread_local bool current_thread_ends = false;

}  // namespace

bool PluginThreads::this_thread_ends() { return current_thread_ends; }

PluginThreads::PluginThreads(net::Runtime& runtime, const base::Clock& clock, const base::Logger& log, const Limits& limits)
    : runtime_(runtime),
      own_threads_(runtime.threads()),
      watch_(clock, log, limits.slow, [this](const auto& calls, base::SteadyTime now) { on_watch_round(calls, now); }) {}

// ---- Confined instances -----------------------------------------------------------------------------------------------------

void PluginThreads::add_confined() {
  const std::lock_guard lock(mutex_);
  ++confined_;
}

void PluginThreads::remove_confined() {
  const std::lock_guard lock(mutex_);
  --confined_;
  if (additional_ > std::max(confined_, running_)) run_on_additional([] {});  // its thread ends after it
}

void PluginThreads::run_confined(net::Task task) {
  const std::lock_guard lock(mutex_);
  add_additional();
  // If the system has no additional thread at all, the task runs on a shared one.
  if (running_ >= additional_ && additional_ > 0) return waiting_.push_back(std::move(task));
  run_on_additional(std::move(task));
}

// Adds a thread unless one is free.
void PluginThreads::add_additional() {
  if (running_ < additional_ || additional_ >= kMaxAdditional) return;
  try {
    runtime_.add_thread();
    ++additional_;
  } catch (const std::system_error&) {
    // The task waits for an existing thread.
  }
}

// The runtime has `additional_` threads beyond the shared ones, so one is available for the task.
void PluginThreads::run_on_additional(net::Task task) {
  ++running_;
  runtime_.post([self = shared_from_this(), work = std::move(task)]() mutable {
    {
      const std::lock_guard lock(self->mutex_);
      self->confined_run_.insert(net::this_thread_id());
    }
    struct Ended {
      PluginThreads& threads;
      ~Ended() { threads.confined_ended(); }
    } ended{*self};
    work();
    work = nullptr;
  });
}

void PluginThreads::confined_ended() {
  const std::lock_guard lock(mutex_);
  const auto here = net::this_thread_id();
  confined_run_.erase(here);
  --running_;
  bool ends = demoted_.erase(here) > 0;
  if (ends) --additional_;
  if (!waiting_.empty()) {
    add_additional();
    if (running_ < additional_ || additional_ == 0) {
      auto next = std::move(waiting_.front());
      waiting_.pop_front();
      run_on_additional(std::move(next));
    }
  }
  if (!ends && additional_ > std::max(confined_, running_)) {
    ends = true;
    --additional_;
  }
  if (ends) net::Runtime::end_this_thread();
}

// ---- Long calls -------------------------------------------------------------------------------------------------------------

CallWatch::Ended PluginThreads::end_call(CallWatch::Call& call) {
  const auto ended = watch_.end(call);
  const std::lock_guard lock(mutex_);
  const auto here = net::this_thread_id();
  if (demoted_.contains(here)) current_thread_ends = true;
  if (replaced_.erase(here) == 0) return ended;
  current_thread_ends = true;
  demoted_.erase(here);
  net::Runtime::end_this_thread();
  return ended;
}

// Runs on the watch thread; no call can end meanwhile.
void PluginThreads::on_watch_round(const std::set<CallWatch::Call*>& calls, base::SteadyTime now) {
  const std::lock_guard lock(mutex_);
  unthrottle_lock_holders(calls, now);
  const auto shared =
      static_cast<std::size_t>(std::ranges::count_if(calls, [&](const auto* call) { return !confined_run_.contains(call->thread); }));
  if (shared < own_threads_ + replaced_.size()) return;  // a shared thread is free
  for (const auto* call : calls) {
    if (now - call->began >= CallWatch::kRound && !confined_run_.contains(call->thread)) replace(call->thread);
  }
}

void PluginThreads::replace(net::ThreadId thread) {
  if (replaced_.size() >= kMaxAdditional || !replaced_.insert(thread).second) return;
  try {
    runtime_.add_thread();
  } catch (...) {
    replaced_.erase(thread);
    throw;
  }
}

void PluginThreads::unthrottle_lock_holders(const std::set<CallWatch::Call*>& calls, base::SteadyTime now) {
  for (auto& [thread, held] : demoted_) {
    held.throttle.slow_down(std::ranges::none_of(calls, [&, of = held.library](const auto* call) {
      return of != nullptr && call->library == of && !call->overdue && now - call->began >= CallWatch::kRound;
    }));
  }
}

void PluginThreads::demote(const CallWatch::Call& call, CodeRange code) {
  const auto thread = call.thread;
  const std::lock_guard lock(mutex_);
  if (!confined_run_.contains(thread)) replace(thread);
  // Demotion cannot be undone, so the thread must be one that ends with its call.
  if (!confined_run_.contains(thread) && !replaced_.contains(thread)) return;
  demoted_.try_emplace(thread, thread, code, call.library);
  net::lower_priority(thread);
}

}  // namespace belfry::plugin
