#include "plugin/plugin_threads.hpp"

#include <algorithm>
#include <system_error>

namespace belfry::plugin {
namespace {

thread_local bool this_one_ends = false;

}  // namespace

bool PluginThreads::this_thread_ends() { return this_one_ends; }

PluginThreads::PluginThreads(net::Runtime& runtime, const base::Clock& clock, const base::Logger& log, const Limits& limits)
    : runtime_(runtime),
      own_threads_(runtime.threads()),
      watch_(clock, log, limits.slow, [this](const auto& calls, base::SteadyTime now) { look(calls, now); }) {}

// ---- Confined instances -----------------------------------------------------------------------------------------------------

void PluginThreads::confined() {
  const std::lock_guard lock(mutex_);
  ++confined_;
}

void PluginThreads::unconfined() {
  const std::lock_guard lock(mutex_);
  --confined_;
  if (additional_ > std::max(confined_, running_)) run_on_additional([] {});  // its thread ends behind it
}

void PluginThreads::run_confined(net::Task task) {
  const std::lock_guard lock(mutex_);
  add_additional();
  // Where the system has no thread left at all, they share after all.
  if (running_ >= additional_ && additional_ > 0) return waiting_.push_back(std::move(task));
  run_on_additional(std::move(task));
}

// Unless one is free.
void PluginThreads::add_additional() {
  if (running_ < additional_ || additional_ >= kMostAdditional) return;
  try {
    runtime_.add_thread();
    ++additional_;
  } catch (const std::system_error&) {
    // What would run on it waits for one of the others.
  }
}

// The runtime has `additional_` threads more than the shared ones need, so that one is there for it.
void PluginThreads::run_on_additional(net::Task task) {
  ++running_;
  runtime_.post([self = shared_from_this(), work = std::move(task)]() mutable {
    {
      const std::lock_guard lock(self->mutex_);
      self->confined_run_.insert(net::this_thread());
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
  const auto here = net::this_thread();
  confined_run_.erase(here);
  --running_;
  bool ends = given_up_.erase(here) > 0;
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

// ---- Calls that last --------------------------------------------------------------------------------------------------------

CallWatch::Ended PluginThreads::end_call(CallWatch::Call& call) {
  const auto ended = watch_.end(call);
  const std::lock_guard lock(mutex_);
  const auto here = net::this_thread();
  if (given_up_.contains(here)) this_one_ends = true;
  if (replaced_.erase(here) == 0) return ended;
  this_one_ends = true;
  given_up_.erase(here);
  net::Runtime::end_this_thread();
  return ended;
}

// Of the watch: no call ends meanwhile.
void PluginThreads::look(const std::set<CallWatch::Call*>& calls, base::SteadyTime now) {
  const std::lock_guard lock(mutex_);
  spare_holders_of_locks(calls, now);
  const auto shared =
      static_cast<std::size_t>(std::ranges::count_if(calls, [&](const auto* call) { return !confined_run_.contains(call->thread); }));
  if (shared < own_threads_ + replaced_.size()) return;  // one of them is free
  for (const auto* call : calls) {
    if (now - call->began >= CallWatch::kRound && !confined_run_.contains(call->thread)) replace(call->thread);
  }
}

void PluginThreads::replace(net::ThreadId thread) {
  if (replaced_.size() >= kMostAdditional || !replaced_.insert(thread).second) return;
  try {
    runtime_.add_thread();
  } catch (...) {
    replaced_.erase(thread);
    throw;
  }
}

void PluginThreads::spare_holders_of_locks(const std::set<CallWatch::Call*>& calls, base::SteadyTime now) {
  for (auto& [thread, held] : given_up_) {
    held.throttle.slow_down(std::ranges::none_of(calls, [&, of = held.library](const auto* call) {
      return of != nullptr && call->library == of && !call->overdue && now - call->began >= CallWatch::kRound;
    }));
  }
}

void PluginThreads::give_up(const CallWatch::Call& call, CodeRange code) {
  const auto thread = call.thread;
  const std::lock_guard lock(mutex_);
  if (!confined_run_.contains(thread)) replace(thread);
  // Neither can be undone, so the thread has to end with its call.
  if (!confined_run_.contains(thread) && !replaced_.contains(thread)) return;
  given_up_.try_emplace(thread, thread, code, call.library);
  net::put_behind(thread);
}

}  // namespace belfry::plugin
