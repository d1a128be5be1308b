#include "plugin/run/call_strand.hpp"

#include <atomic>
#include <deque>
#include <mutex>

#include "plugin/run/threads/plugin_threads.hpp"

namespace belfry::plugin {
namespace {

constexpr int kTasksPerTurn = 16;

}  // namespace

struct CallStrand::State : std::enable_shared_from_this<State> {
  explicit State(std::shared_ptr<PluginThreads> t) : threads(std::move(t)) {}
  ~State() {
    if (confined) threads->remove_confined();
  }

  void post(net::Task task);
  void schedule();
  void run();
  bool take(net::Task& task);
  void drop();

  const std::shared_ptr<PluginThreads> threads;
  std::atomic<bool> confined = false;
  std::mutex mutex;
  std::deque<net::Task> tasks;
  bool scheduled = false;  // a turn is queued or running
  bool dropped = false;
};

namespace {

// One turn. A turn that the pool drops without running it drops the queued tasks too, since they may own objects of other pools.
class Turn {
 public:
  explicit Turn(std::shared_ptr<CallStrand::State> state) : state_(std::move(state)) {}
  Turn(Turn&&) = default;
  Turn& operator=(Turn&&) = delete;
  ~Turn() {
    if (state_) state_->drop();
  }
  void operator()() { std::exchange(state_, nullptr)->run(); }

 private:
  std::shared_ptr<CallStrand::State> state_;
};

}  // namespace

void CallStrand::State::post(net::Task task) {
  {
    const std::lock_guard lock(mutex);
    if (dropped) return;
    tasks.push_back(std::move(task));
    if (std::exchange(scheduled, true)) return;
  }
  schedule();
}

void CallStrand::State::schedule() { confined ? threads->run_confined(Turn(shared_from_this())) : threads->run(Turn(shared_from_this())); }

bool CallStrand::State::take(net::Task& task) {
  const std::lock_guard lock(mutex);
  if (tasks.empty()) return scheduled = false;
  task = std::move(tasks.front());
  tasks.pop_front();
  return true;
}

void CallStrand::State::run() {
  struct Next {  // reschedules even when a task throws
    State& state;
    bool more = true;
    ~Next() {
      if (more) state.schedule();
    }
  } next{*this};
  const bool here = confined;
  for (int i = 0; i < kTasksPerTurn && confined == here && !PluginThreads::this_thread_ends(); ++i) {
    net::Task task;
    if (!take(task)) {
      next.more = false;
      return;
    }
    task();
  }
}

void CallStrand::State::drop() {
  std::deque<net::Task> left;
  const std::lock_guard lock(mutex);
  dropped = true;
  left.swap(tasks);  // destroyed after the lock is released
}

CallStrand::CallStrand(std::shared_ptr<PluginThreads> threads) : state_(std::make_shared<State>(std::move(threads))) {}

void CallStrand::post(net::Task task) const { state_->post(std::move(task)); }

void CallStrand::confine() const {
  if (!state_->confined.exchange(true)) state_->threads->add_confined();
}

void CallStrand::unconfine() const {
  if (state_->confined.exchange(false)) state_->threads->remove_confined();
}

bool CallStrand::confined() const { return state_->confined; }

}  // namespace belfry::plugin
