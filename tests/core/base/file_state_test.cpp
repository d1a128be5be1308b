#include "base/file_state.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

namespace belfry::base {
namespace {

namespace fs = std::filesystem;
using Kind = FileState::Kind;
using testing::HasSubstr;

class FileStateTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "belfry-state-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    root_ = name;
    std::ofstream(root_ / "file") << "x";
    fs::create_directory(root_ / "directory");
  }
  void TearDown() override {
    std::error_code ignored;
    fs::permissions(root_ / "directory", fs::perms::owner_all, ignored);
    fs::remove_all(root_, ignored);
  }

  fs::path root_;
};

TEST_F(FileStateTest, WhatIsThere) {
  fs::create_symlink("file", root_ / "link");
  ASSERT_EQ(::mkfifo((root_ / "pipe").c_str(), 0600), 0);
  ::chmod((root_ / "file").c_str(), 0640);
  EXPECT_EQ(state_of(root_ / "file").kind, Kind::file);
  EXPECT_EQ(state_of(root_ / "file").permissions, fs::perms(0640));
  EXPECT_EQ(state_of(root_ / "link").kind, Kind::file);
  EXPECT_EQ(state_of(root_ / "directory").kind, Kind::directory);
  EXPECT_EQ(state_of(root_ / "pipe").kind, Kind::device);
}

TEST_F(FileStateTest, WhatDoesNotExist) {
  fs::create_directory_symlink("directory", root_ / "way");
  for (const auto* path : {"none", "none/of/this", "directory/none", "way/none"}) {
    EXPECT_TRUE(state_of(root_ / path).absent()) << path;
  }
  EXPECT_TRUE(state_of("no-such-file-here").absent()) << "a relative path";
}

TEST_F(FileStateTest, WhatMayBeThere) {
  fs::create_symlink("none", root_ / "link");
  fs::create_symlink("/nowhere/at/all", root_ / "mount");
  fs::create_symlink("loop", root_ / "loop");
  const std::pair<const char*, const char*> rows[] = {
      {"link", "No such file or directory (symbolic link "},
      {"mount/belfry.yaml", "/mount to /nowhere/at/all)"},
      {"file/belfry.yaml", "Not a directory"},
      {"loop", "Too many levels of symbolic links"},
      {"loop/belfry.yaml", "Too many levels of symbolic links"},
  };
  for (const auto& [path, why] : rows) {
    const auto state = state_of(root_ / path);
    EXPECT_EQ(state.kind, Kind::inaccessible) << path;
    EXPECT_THAT(state.why, HasSubstr(why)) << path;
    EXPECT_FALSE(state.denied) << path;
  }
  EXPECT_EQ(state_of(root_ / std::string(300, 'n')).kind, Kind::inaccessible) << "the name is too long";
}

TEST_F(FileStateTest, WhereThisUserMayNotLook) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may search every directory";
  std::ofstream(root_ / "directory/file") << "x";
  fs::permissions(root_ / "directory", fs::perms::none);
  for (const auto* path : {"directory/file", "directory/none", "directory/none/at/all"}) {
    const auto state = state_of(root_ / path);
    EXPECT_EQ(state.kind, Kind::inaccessible) << path;
    EXPECT_TRUE(state.denied) << path;
    EXPECT_EQ(state.why,
              "Permission denied (user " + std::to_string(::geteuid()) + " may not search " + (root_ / "directory").string() + ")");
  }
}

}  // namespace
}  // namespace belfry::base
