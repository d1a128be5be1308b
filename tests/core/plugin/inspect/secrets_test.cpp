#include "plugin/inspect/secrets.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "support/plugin_rig.hpp"

namespace belfry::plugin {
namespace {

namespace fs = std::filesystem;

constexpr const char* kReference = "secret:work/bot_token";

class SecretsTest : public ::testing::Test {
 protected:
  void write(const std::string& text, const std::string& name = "token") const {
    std::ofstream(directory_.path() / name, std::ios::binary) << text;
  }
  // Replaces the file atomically, as a careful program does.
  void replace(const std::string& text) const {
    write(text, "token.new");
    fs::rename(directory_.path() / "token.new", file_);
  }
  // Sets the modification time to the past, so that a change shows only in other metadata.
  void make_old(std::int64_t seconds_ago) const {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    const timespec then[2] = {{now.tv_sec - seconds_ago, 0}, {now.tv_sec - seconds_ago, 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, file_.c_str(), then, 0), 0);
  }
  void add(const std::string& value) {
    table_.add("work", "/bot_token", value, {file_, [this]() -> base::Result<std::string> {
                                               ++reads_;
                                               std::ifstream stream(file_);
                                               std::string text{std::istreambuf_iterator<char>(stream), {}};
                                               if (text.empty()) return base::fail("the file is empty");
                                               return text;
                                             }});
  }
  std::string value() {
    auto revealed = table_.reveal(kReference, scrubber_);
    if (!revealed) return "unknown";
    changed_ = revealed->changed;
    trouble_ = revealed->error;
    return revealed->value.reveal();
  }

  belfry::testing::PrivateDirectory directory_;
  fs::path file_ = directory_.path() / "token";
  base::Scrubber scrubber_;
  SecretTable table_;
  int reads_ = 0;
  bool changed_ = false;
  std::string trouble_;
};

TEST_F(SecretsTest, AValueWithoutAFileStays) {
  EXPECT_EQ(table_.add("work", "/bot_token", "xoxb-1"), kReference);
  EXPECT_EQ(value(), "xoxb-1");
  EXPECT_FALSE(changed_);
  EXPECT_TRUE(table_.contains(kReference));
  EXPECT_FALSE(table_.contains("secret:work/other"));
  EXPECT_FALSE(table_.reveal("secret:work/other", scrubber_));
}

TEST_F(SecretsTest, AFileThatHasChangedIsReadAgain) {
  write("xoxb-first");
  add("xoxb-first");
  EXPECT_EQ(value(), "xoxb-first");
  EXPECT_FALSE(changed_);
  replace("xoxb-second");
  EXPECT_EQ(value(), "xoxb-second");
  EXPECT_TRUE(changed_);
  EXPECT_EQ(value(), "xoxb-second");
  EXPECT_FALSE(changed_);
}

TEST_F(SecretsTest, AChangeBetweenLoadingAndTheFirstUseIsSeen) {
  write("xoxb-second");
  add("xoxb-first");
  EXPECT_EQ(value(), "xoxb-second");
}

TEST_F(SecretsTest, AFileWrittenOverInPlaceAtOnceAndWithTheSameLengthIsSeen) {
  write("xoxb-0");
  add("xoxb-0");
  for (int i = 1; i < 50; ++i) {
    const auto next = "xoxb-" + std::to_string(i % 10);
    write(next);
    EXPECT_EQ(value(), next);
  }
}

TEST_F(SecretsTest, AnotherFileOfTheSameAgeAndSizeIsSeen) {
  write("xoxb-first");
  make_old(100);
  add("xoxb-first");
  EXPECT_EQ(value(), "xoxb-first");
  write("xoxb-other", "token.new");
  fs::rename(directory_.path() / "token.new", file_);
  make_old(100);
  EXPECT_EQ(value(), "xoxb-other");
}

TEST_F(SecretsTest, AFileThatHasSettledIsLookedAtButNotReadAgain) {
  write("xoxb-first");
  add("xoxb-first");
  const auto reads_for_one_value = [this] {
    const int before = reads_;
    static_cast<void>(value());
    return reads_ - before;
  };
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (reads_for_one_value() > 0 && std::chrono::steady_clock::now() < limit) std::this_thread::yield();
  EXPECT_EQ(reads_for_one_value(), 0);
  write("xoxb-other", "token.new");
  fs::rename(directory_.path() / "token.new", file_);
  make_old(1);
  EXPECT_EQ(value(), "xoxb-other");
}

TEST_F(SecretsTest, ALinkThatIsTurnedIsSeen) {
  write("xoxb-first", "one");
  write("xoxb-second", "two");
  fs::create_symlink("one", file_);
  add("xoxb-first");
  EXPECT_EQ(value(), "xoxb-first");
  fs::create_symlink("two", directory_.path() / "link.new");
  fs::rename(directory_.path() / "link.new", file_);
  EXPECT_EQ(value(), "xoxb-second");
}

TEST_F(SecretsTest, TheNewValueIsScrubbedBeforeItIsUsed) {
  write("xoxb-second");
  add("xoxb-first");
  EXPECT_EQ(scrubber_.scrub("it is xoxb-second"), "it is xoxb-second");
  static_cast<void>(value());
  EXPECT_EQ(scrubber_.scrub("it is xoxb-second"), "it is ***");
}

TEST_F(SecretsTest, AFileThatCannotBeUsedLeavesTheLastValueAndIsComplainedAboutOnce) {
  write("xoxb-first");
  add("xoxb-first");
  EXPECT_EQ(value(), "xoxb-first");
  fs::remove(file_);
  EXPECT_EQ(value(), "xoxb-first");
  EXPECT_EQ(trouble_, "the file " + file_.string() + " cannot be read: No such file or directory");
  write("");
  EXPECT_EQ(value(), "xoxb-first");
  EXPECT_EQ(trouble_, "") << "the file stays unusable, which has been reported";
  write("xoxb-second");
  EXPECT_EQ(value(), "xoxb-second");
  write("");
  EXPECT_EQ(value(), "xoxb-second");
  EXPECT_EQ(trouble_, "the file is empty") << "a new failure after a success";
}

TEST_F(SecretsTest, TheFirstFingerprintStays) {
  write("xoxb-second");
  add("xoxb-first");
  const auto first = table_.first_fingerprint(kReference);
  EXPECT_EQ(first, SecretTable::fingerprint(base::Secret("xoxb-first")));
  EXPECT_EQ(value(), "xoxb-second");
  EXPECT_EQ(table_.first_fingerprint(kReference), first);
  EXPECT_EQ(table_.first_fingerprint("secret:work/other"), "");
  EXPECT_EQ(SecretTable::fingerprint(base::Secret()), "");
}

// Also for ThreadSanitizer: every thread gets one of the values of the file, as a whole.
TEST_F(SecretsTest, ManyThreadsMayAskWhileTheFileChanges) {
  write("xoxb-0");
  add("xoxb-0");
  std::atomic<bool> done = false;
  std::atomic<int> strange = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      while (!done) {
        const auto revealed = table_.reveal(kReference, scrubber_);
        if (!revealed || !revealed->value.reveal().starts_with("xoxb-")) ++strange;
      }
    });
  }
  for (int i = 1; i <= 200; ++i) replace("xoxb-" + std::to_string(i));
  done = true;
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(strange, 0);
  EXPECT_EQ(value(), "xoxb-200");
}

}  // namespace
}  // namespace belfry::plugin
