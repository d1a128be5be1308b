// A process that is killed while an operator retries and discards many dead letters, and retries dropped notifications, again and again.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <random>

#include "base/ids.hpp"
#include "core/store/store_fixture.hpp"

namespace belfry::store {
namespace {

constexpr int kDeadLetters = 100;  // half of them are retried, the others discarded
constexpr int kDropped = 30;

Acceptance dropped(int number) {
  auto input = acceptance("dropped" + std::to_string(number), {});
  input.dropped = true;
  return input;
}

class Remote {
 public:
  explicit Remote(std::filesystem::path file) : file_(std::move(file)) {}

  void send(const std::string& id) const {
    const int file = ::open(file_.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
    const auto line = id + "\n";
    if (::write(file, line.data(), line.size()) != static_cast<ssize_t>(line.size())) ::_exit(1);
    ::close(file);
  }
  [[nodiscard]] std::map<std::string, int> arrived() const {
    std::map<std::string, int> counts;
    std::ifstream in(file_);
    for (std::string line; std::getline(in, line);) ++counts[line];
    return counts;
  }

 private:
  std::filesystem::path file_;
};

class RepairKillTest : public testing::Test {
 protected:
  std::unique_ptr<Store> open() { return open_sqlite(file_, clock_, silent()).value(); }

  static std::vector<std::string> dead(Calls& calls, const std::string& event) {
    std::vector<std::string> ids;
    for (const auto page = calls.list({.state = ListedState::dead, .event = event}, {.limit = 7}); const auto& listed : page->deliveries)
      ids.push_back(listed.delivery.id);
    return ids;
  }

  void make_dead_letters() {
    const auto store = open();
    Calls calls(*store);
    for (int i = 0; i < kDropped; ++i) ASSERT_TRUE(calls.accept(dropped(i)));
    for (int i = 0; i < kDeadLetters; ++i) {
      auto input = simple(std::to_string(i), "a" + std::to_string(i % 23));
      input.notification.name = i % 2 == 0 ? "retry" : "discard";
      ASSERT_TRUE(calls.accept(input));
      const auto lease = calls.lease(kStart);
      ASSERT_TRUE(calls.finish(finish_of(lease->leased.at(0), 0, failed(), DeadLetter{model::DeliveryState::rejected}, kStart))->applied);
    }
  }

  // The child: an operator's bulk calls, beside a lane that delivers. Writes a byte after each step.
  [[noreturn]] void repair_and_deliver(int progress) {
    const auto store = open();
    Calls calls(*store);
    const auto step = [progress] {
      if (::write(progress, "", 1) != 1) ::_exit(1);
    };
    for (bool idle = false; !idle;) {
      bool rerouted = false;
      for (int i = 0; i < kDropped; ++i) {
        auto plan = dropped(i);
        plan.deliveries = {planned(base::new_id(clock_.now()), "a" + std::to_string(i % 23))};  // each plan has another id
        const auto changed = calls.reroute(plan, kStart);
        if (!changed) ::_exit(1);
        rerouted = rerouted || !changed->changed.empty();
        step();
      }
      const auto retried = dead(calls, "retry");
      if (!retried.empty() && !calls.retry(retried, kStart)) ::_exit(1);
      step();
      const auto discarded = dead(calls, "discard");
      if (!discarded.empty() && !calls.discard(discarded, kStart, "not needed")) ::_exit(1);
      step();
      const auto lease = calls.lease_and_begin(kStart, 5);
      for (const auto& leased : lease->leased) {
        step();
        auto attempt = leased.attempt;
        const bool arrived = leased.in_doubt && remote_.arrived().contains(leased.delivery.id);
        if (leased.in_doubt && !arrived) attempt = calls.begin(leased.claim, kStart).value();
        if (!arrived) remote_.send(leased.delivery.id);
        step();
        if (!calls.finish(finish_of(leased, attempt, delivered(), Done{}, kStart))) ::_exit(1);
      }
      idle = !rerouted && retried.empty() && discarded.empty() && lease->leased.empty();
    }
    ::_exit(0);
  }

  TemporaryDirectory directory_;
  std::filesystem::path file_ = directory_.path() / "belfry.db";
  Remote remote_{directory_.path() / "arrived"};
  base::ManualClock clock_{kStart};
};

TEST_F(RepairKillTest, NothingIsSentTwiceOrChangedTwice) {
  make_dead_letters();
  std::mt19937 random(1);
  int status = 0;
  int kills = 0;
  do {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const pid_t child = ::fork();
    if (child == 0) repair_and_deliver(ends[1]);
    ::close(ends[1]);
    char byte = 0;
    for (auto left = std::uniform_int_distribution(1, 80)(random); left > 0 && ::read(ends[0], &byte, 1) == 1;) --left;
    ::kill(child, SIGKILL);
    ::close(ends[0]);
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    kills += WIFSIGNALED(status) ? 1 : 0;
    ASSERT_LT(kills, 1'000);
  } while (!WIFEXITED(status) || WEXITSTATUS(status) != 0);
  EXPECT_GT(kills, 3);

  const auto arrived = remote_.arrived();
  EXPECT_EQ(arrived.size(), kDeadLetters / 2 + kDropped);
  for (const auto& [id, count] : arrived) EXPECT_EQ(count, 1) << id;
  const auto store = open();
  Calls calls(*store);
  EXPECT_EQ(calls.deliveries({.state = ListedState::delivered})->size(), kDeadLetters / 2 + kDropped);
  EXPECT_EQ(calls.deliveries({.state = ListedState::discarded, .event = "discard"})->size(), kDeadLetters / 2);
  EXPECT_TRUE(calls.stats(kStart)->sinks.empty()) << "no dead letter, nothing unfinished";
  std::map<std::string, std::uint64_t> audited;
  for (const auto actions = calls.list_audit(0, 1'000); const auto& action : *actions) audited[action.action] += action.deliveries;
  EXPECT_EQ(audited["retry"], kDeadLetters / 2 + kDropped) << "each call is recorded together with its changes";
  EXPECT_EQ(audited["discard"], kDeadLetters / 2);
  for (int i = 0; i < kDeadLetters; ++i) {
    const auto events = whats(*calls.history(std::to_string(i)));
    EXPECT_EQ(std::ranges::count(events, i % 2 == 0 ? "retried" : "discarded"), 1) << i;
  }
  for (int i = 0; i < kDropped; ++i) {
    const auto history = calls.history("dropped" + std::to_string(i));
    EXPECT_EQ(std::ranges::count(whats(*history), "rerouted"), 1) << i;
    EXPECT_EQ(history->deliveries.size(), 1) << i;
  }
}

}  // namespace
}  // namespace belfry::store
