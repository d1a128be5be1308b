// Checks whether the store can be written, at most once a second for all clients together: /readyz is open to every client that reaches the
// admin listener, and each check is a commit.
// Thread rule: any thread. Ownership: everything in Parts outlives it.
#pragma once
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "app/observe/metrics.hpp"
#include "net/executor.hpp"
#include "store/store.hpp"

namespace belfry::app {

class WriteProbe {
 public:
  using Answer = std::move_only_function<void(const base::Result<bool>&)>;

  struct Parts {
    net::Runtime& net;
    std::function<void(store::Handler<bool>)> probe;  // of the store
    const base::Clock& clock;
    const Metrics& metrics;
    base::Millis timeout{10'000};  // for a probe; then waiting requests are answered with a failure, and the next one starts a new probe
  };
  explicit WriteProbe(Parts parts);

  // Calls `answer` on a network thread with a result that is at most a second old. If a source has been refused since that result, the
  // answer waits for a new one, once the second is over. Waiting requests are answered together, at most ten times a second, so that a
  // client polling in a loop does not slow down webhooks.
  void request(Answer answer);
  // Returns the last result at once, true before the first one. If it is older than a second, starts a new probe for later calls.
  [[nodiscard]] base::Result<bool> last_result();

 private:
  void advance();
  void start_probe();
  void on_probed(std::uint64_t number, const base::Result<bool>& result);
  void on_result(const base::Result<bool>& result);
  [[nodiscard]] base::Millis age() const;

  const Parts parts_;
  const net::Strand strand_;
  // On the strand only.
  net::Timer timer_;
  net::Timer timeout_timer_;
  std::vector<Answer> waiting_;
  std::uint64_t probes_ = 0;  // numbers the probes, so that a late result does not end the next one
  bool probing_ = false;
  bool armed_ = false;
  std::optional<base::Result<bool>> last_;
  base::SteadyTime started_at_{};
  base::SteadyTime next_answer_{};
  std::uint64_t refusals_ = 0;  // when the last probe began

  std::mutex mutex_;
  base::Result<bool> last_result_ = true;  // guarded by mutex_
};

}  // namespace belfry::app
