#include "plugin/run/crash/crash_marks.hpp"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <thread>

#include "support/plugin_rig.hpp"

namespace belfry::plugin {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using End = MarkedCall::End;

const MarkedInstance kInstance{7, "pager", "/plugins/pager.so", "0123abcd"};

CallSubject delivery() {
  CallSubject subject;
  subject.set("delivery-1", 2);
  return subject;
}

MarkedCall call(End end, int number) { return {end, number, "pager", "/plugins/pager.so", "0123abcd", "deliver", "delivery-1", 2}; }

int overflow(volatile char* outer) {
  volatile char frame[4096];
  frame[0] = *outer;
  return frame[0] == 2 ? 0 : overflow(frame) + frame[0];
}

class CrashMarksTest : public ::testing::Test {
 protected:
  // Runs `body` in a child process with marks of its own. Returns its wait status (waitpid(2)).
  int run(const std::function<void(CrashMarks&)>& body) {
    const pid_t child = ::fork();
    if (child == 0) {
      // Discards the output of the sanitizers and of the handler.
      static_cast<void>(!::freopen("/dev/null", "w", stderr));
      auto marks = CrashMarks::create(file_);
      if (!marks) ::_exit(99);
      (*marks)->watch();
      body(**marks);
      ::kill(::getpid(), SIGKILL);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return status;
  }
  int run_in_call(const std::function<void()>& body) {
    return run([&](CrashMarks& marks) {
      const CallMark mark(&marks, kInstance, "deliver", delivery());
      body();
    });
  }
  [[nodiscard]] std::vector<MarkedCall> left() const { return CrashMarks::read_previous(file_); }

  testing::PrivateDirectory directory_;
  const std::filesystem::path file_ = directory_.path() / "plugin-calls";
};

TEST_F(CrashMarksTest, ASignalIsRecordedAndTakesItsCourse) {
  const int status = run_in_call([] { std::abort(); });
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGABRT);
  EXPECT_THAT(left(), ElementsAre(call(End::signal, SIGABRT)));
}

TEST_F(CrashMarksTest, AnExitFails) {
  const int status = run_in_call([] { std::exit(0); });
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), kCrashStatus);
  EXPECT_THAT(left(), ElementsAre(call(End::exit, 0)));
}

TEST_F(CrashMarksTest, AQuickExitFails) {
  const int status = run_in_call([] { std::quick_exit(0); });
  EXPECT_EQ(WEXITSTATUS(status), kCrashStatus);
  EXPECT_THAT(left(), ElementsAre(call(End::exit, 0)));
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_F(CrashMarksTest, AnExitWithoutHandlersFails) {
  const int status = run_in_call([] { ::_exit(0); });
  EXPECT_EQ(WEXITSTATUS(status), kCrashStatus);
  EXPECT_THAT(left(), ElementsAre(call(End::exit, 0)));
}

TEST_F(CrashMarksTest, AStackThatRunsOver) {
  const int status = run_in_call([] {
    volatile char seed = 1;
    overflow(&seed);
  });
  EXPECT_EQ(WTERMSIG(status), SIGSEGV);
  EXPECT_THAT(left(), ElementsAre(call(End::signal, SIGSEGV)));
}
#endif

TEST_F(CrashMarksTest, KilledFromOutsideIsNotKnown) {
  run_in_call([] { ::kill(::getpid(), SIGKILL); });
  EXPECT_THAT(left(), ElementsAre(call(End::unknown, 0)));
}

TEST_F(CrashMarksTest, NothingIsLeftOfAnEndInOrder) {
  const int status = run([](CrashMarks& marks) {
    const CallMark mark(&marks, kInstance, "deliver", delivery());
    marks.mark_clean_exit();
    std::exit(0);
  });
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_THAT(left(), IsEmpty());
}

TEST_F(CrashMarksTest, NothingIsLeftOfACallThatHasReturned) {
  run([](CrashMarks& marks) { const CallMark mark(&marks, kInstance, "deliver", delivery()); });
  EXPECT_THAT(left(), IsEmpty());
}

TEST_F(CrashMarksTest, ACrashOfTheGatewayItselfBlamesNoPlugin) {
  run([](CrashMarks& marks) {
    std::atomic<bool> marked = false;
    std::thread other([&] {
      const CallMark mark(&marks, kInstance, "deliver", delivery());
      marked = true;
      for (;;) ::pause();
    });
    while (!marked) std::this_thread::yield();
    std::abort();
  });
  EXPECT_THAT(left(), IsEmpty());
}

TEST_F(CrashMarksTest, TheEndOfAForkedChildIsNotThatOfTheGateway) {
  const int status = run_in_call([] {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(3);
    int ended = 0;
    ::waitpid(child, &ended, 0);
    ::kill(::getpid(), WEXITSTATUS(ended) == 3 ? SIGKILL : SIGTERM);
  });
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
  EXPECT_THAT(left(), ElementsAre(call(End::unknown, 0)));
}

TEST_F(CrashMarksTest, AFileThatIsNoneHoldsNothing) {
  EXPECT_THAT(left(), IsEmpty());
  std::ofstream(file_) << "this is text";
  EXPECT_THAT(left(), IsEmpty());
}

TEST_F(CrashMarksTest, AMarkCostsNextToNothing) {
  auto marks = CrashMarks::create(file_);
  ASSERT_TRUE(marks);
  const auto subject = delivery();
  constexpr int kCalls = 1'000'000;
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < kCalls; ++i) const CallMark mark(marks->get(), kInstance, "deliver", subject);
  const auto took = std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - began).count() / kCalls;
  std::cout << "a mark takes " << took << " ns\n";
  EXPECT_LT(took, 2'000);  // for a build with sanitizers on a busy machine; other builds would show a system call per mark
}

}  // namespace
}  // namespace belfry::plugin
