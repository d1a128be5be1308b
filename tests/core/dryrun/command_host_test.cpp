#include "dryrun/command_host.hpp"

#include <gtest/gtest.h>

#include <latch>

#include "support/waiting.hpp"

namespace belfry::dryrun {
namespace {

// Counts its live instances.
class Counted final : public VolatileBackends {
 public:
  Counted() { ++alive; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  ~Counted() override { --alive; }
  static inline std::atomic<int> alive = 0;
};

TEST(CommandHostTest, EverythingGoesWhenItsThreadsHaveEnded) {
  {
    CommandHost<Counted> host(std::make_shared<base::Scrubber>());
  }
  EXPECT_EQ(Counted::alive, 0);
}

TEST(CommandHostTest, AThreadThatIsLeftBehindKeepsWhatItUses) {
  std::latch held(1);
  std::latch end(1);
  tests::Watched<bool> ended;
  {
    CommandHost<Counted> host(std::make_shared<base::Scrubber>());
    host.plugins().post([&] {
      held.count_down();
      end.wait();
      ended.update([](bool& over) { over = true; });
    });
    held.wait();
  }
  EXPECT_EQ(Counted::alive, 1) << "the thread may be using it";
  end.count_down();
  EXPECT_TRUE(ended.wait([](bool over) { return over; }));
}

}  // namespace
}  // namespace belfry::dryrun
