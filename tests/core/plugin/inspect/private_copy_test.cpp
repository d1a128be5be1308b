#include "plugin/inspect/private_copy.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "plugin/inspect/sha256.hpp"
#include "support/plugin_rig.hpp"

namespace belfry::plugin {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

class Copies : public ::testing::Test {
 protected:
  fs::path write(const std::string& name, const std::string& bytes) {
    const fs::path file = directory_.path() / name;
    std::ofstream(file, std::ios::binary) << bytes;
    fs::permissions(file, fs::perms::owner_all);
    return file;
  }
  static std::string read(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  [[nodiscard]] std::vector<std::string> contents() const {
    std::vector<std::string> all;
    for (const auto& entry : fs::directory_iterator(store_)) all.push_back(read(entry.path()));
    return all;
  }
  testing::PrivateDirectory directory_;
  testing::PrivateDirectory state_;
  const fs::path store_ = state_.path() / "deep" / "plugins";
};

TEST_F(Copies, FileThatOthersMayWriteTo) {
  const auto file = write("a.so", "x");
  fs::permissions(file, fs::perms::owner_all | fs::perms::others_write);
  const auto copy = private_copy(file, store_);
  ASSERT_FALSE(copy);
  EXPECT_THAT(copy.error().message, HasSubstr("run: chmod go-w " + file.string()));
}

TEST_F(Copies, FileOfAnotherUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  const auto file = write("a.so", "x");
  ASSERT_EQ(::chown(file.c_str(), 4711, 4711), 0);
  const auto copy = private_copy(file, store_);
  ASSERT_FALSE(copy);
  EXPECT_THAT(copy.error().message, HasSubstr("is owned by user 4711, wanted root"));
}

TEST_F(Copies, CopyIsNamedByItsDigest) {
  const auto copy = private_copy(write("a.so", "abc"), store_);
  ASSERT_TRUE(copy) << copy.error().message;
  EXPECT_EQ(copy->path, store_ / "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad.so");
  EXPECT_EQ(read(copy->path), "abc");
  struct stat info{};
  ASSERT_EQ(::stat(store_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0700U);
  EXPECT_EQ(private_copy(directory_.path() / "a.so", store_)->path, copy->path);
  EXPECT_EQ(std::distance(fs::directory_iterator(store_), {}), 1);
}

TEST_F(Copies, ADamagedCopyIsMadeAgain) {
  const auto file = write("a.so", "abc");
  const auto copy = private_copy(file, store_);
  ASSERT_TRUE(copy);
  fs::permissions(copy->path, fs::perms::owner_all);
  fs::resize_file(copy->path, 1);
  ASSERT_TRUE(private_copy(file, store_));
  EXPECT_EQ(read(copy->path), "abc");
}

TEST_F(Copies, StoreThatOthersMayWriteTo) {
  fs::create_directories(store_);
  fs::permissions(store_, fs::perms::all);
  const auto copy = private_copy(write("a.so", "abc"), store_);
  ASSERT_FALSE(copy);
  EXPECT_THAT(copy.error().message, HasSubstr("chmod go-w " + store_.string()));
}

TEST_F(Copies, NotThere) {
  const auto copy = private_copy(directory_.path() / "absent.so", store_);
  ASSERT_FALSE(copy);
  EXPECT_THAT(copy.error().message, HasSubstr("absent.so: No such file or directory"));
}

TEST_F(Copies, GoWhenNobodyHoldsThem) {
  auto old = private_copy(write("a.so", "old"), store_);
  const auto fresh = private_copy(write("a.so", "new"), store_);
  ASSERT_TRUE(old && fresh);
  EXPECT_EQ(remove_unused_copies(store_), 0U);
  const auto path = old->path;
  auto second = old->hold;
  old->hold.reset();
  EXPECT_EQ(remove_unused_copies(store_), 0U) << "another holder remains";
  second.reset();
  EXPECT_EQ(remove_unused_copies(store_), 1U);
  EXPECT_FALSE(fs::exists(path));
  EXPECT_THAT(contents(), UnorderedElementsAre("new"));
}

TEST_F(Copies, ACopyThatWasThereIsHeldToo) {
  const auto file = write("a.so", "abc");
  static_cast<void>(private_copy(file, store_));
  const auto again = private_copy(file, store_);
  ASSERT_TRUE(again);
  EXPECT_EQ(remove_unused_copies(store_), 0U);
  EXPECT_TRUE(fs::exists(again->path));
}

TEST_F(Copies, StayWhileAnotherProcessHoldsThem) {
  int held[2];
  int enough[2];
  ASSERT_EQ(::pipe2(held, O_CLOEXEC), 0);
  ASSERT_EQ(::pipe2(enough, O_CLOEXEC), 0);
  const auto file = write("a.so", "abc");
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  char byte = 0;
  if (child == 0) {
    const auto copy = private_copy(file, store_);
    const bool reported = ::write(held[1], copy ? "y" : "n", 1) == 1;
    ::close(enough[1]);
    while (reported && ::read(enough[0], &byte, 1) < 0) {
    }
    ::_exit(0);
  }
  ::close(enough[0]);
  ASSERT_EQ(::read(held[0], &byte, 1), 1);
  EXPECT_EQ(byte, 'y');
  EXPECT_EQ(remove_unused_copies(store_), 0U);
  EXPECT_THAT(contents(), UnorderedElementsAre("abc"));
  ASSERT_EQ(::kill(child, SIGKILL), 0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  ::close(enough[1]);
  EXPECT_EQ(remove_unused_copies(store_), 1U) << "a lock does not outlive its process";
}

TEST_F(Copies, WhatACrashLeftGoes) {
  const auto copy = private_copy(write("a.so", "abc"), store_);
  ASSERT_TRUE(copy);
  std::ofstream(store_ / "0123.89ab.tmp") << "ab";
  std::ofstream(store_ / "notes.txt") << "not ours";
  EXPECT_EQ(remove_unused_copies(store_), 1U);
  EXPECT_THAT(contents(), UnorderedElementsAre("abc", "not ours"));
  EXPECT_EQ(remove_unused_copies(state_.path() / "absent"), 0U);
}

// A copy stays in place once it has been made, although another thread removes copies meanwhile.
TEST_F(Copies, MadeAndRemovedAtTheSameTime) {
  const std::vector<fs::path> files{write("a.so", "abc"), write("b.so", std::string(100'000, 'x'))};
  std::atomic<bool> over = false;
  std::atomic<std::size_t> removed = 0;
  std::vector<std::jthread> threads;
  threads.emplace_back([&] {
    while (!over) removed += remove_unused_copies(store_);
  });
  std::atomic<int> lost = 0;
  {
    std::vector<std::jthread> makers;
    for (int maker = 0; maker < 2; ++maker) {
      makers.emplace_back([&] {
        for (int round = 0; round < 200; ++round) {
          const auto copy = private_copy(files[static_cast<std::size_t>(round) % 2], store_);
          if (!copy || !fs::exists(copy->path)) ++lost;
        }
      });
    }
  }
  over = true;
  threads.clear();
  EXPECT_EQ(lost, 0);
  removed += remove_unused_copies(store_);
  EXPECT_GT(removed, 0U);
  EXPECT_TRUE(contents().empty());
}

}  // namespace
}  // namespace belfry::plugin
