// Whether the store can be written, tried at most once a second for all clients together: /readyz is open to every client that reaches the
// admin listener, and each try is a commit.
// Thread rule: any thread. Ownership: all that it is made with outlives it.
#pragma once
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "app/metrics.hpp"
#include "net/executor.hpp"
#include "store/store.hpp"

namespace belfry::app {

class WriteProbe {
 public:
  using Answer = std::move_only_function<void(const base::Result<bool>&)>;

  struct Parts {
    net::Runtime& net;
    store::Store& store;
    const base::Clock& clock;
    const Metrics& metrics;
  };
  explicit WriteProbe(Parts parts);

  // Answers with what was found within the last second, unless a source has been refused since: then when the second is over. At most ten
  // times a second, all that wait together: a poller in a loop takes nothing from webhooks. On a thread of the network.
  void ask(Answer answer);
  // What was found last, at once; a look that is older than a second is begun again for the next question. True before the first.
  [[nodiscard]] base::Result<bool> known();

 private:
  void look();
  void begin();
  void found(const base::Result<bool>& result);
  [[nodiscard]] base::Millis age() const;

  const Parts parts_;
  const net::Strand strand_;
  // On the strand only.
  net::Timer timer_;
  std::vector<Answer> waiting_;
  bool under_way_ = false;
  bool armed_ = false;
  std::optional<base::Result<bool>> last_;
  base::SteadyTime begun_at_{};
  base::SteadyTime next_answer_{};
  std::uint64_t refusals_ = 0;  // when the last one began

  std::mutex mutex_;
  base::Result<bool> known_ = true;  // with the lock held
};

}  // namespace belfry::app
