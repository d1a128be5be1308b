#include "cli/new_files.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

namespace belfry::cli {
namespace {

namespace fs = std::filesystem;

class NewFilesTest : public testing::Test {
 protected:
  NewFilesTest() {
    char name[] = "/tmp/belfry-new-files-XXXXXX";
    directory = ::mkdtemp(name);
  }
  ~NewFilesTest() override { fs::remove_all(directory); }

  static std::string content(const fs::path& file) {
    std::ifstream stream(file);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  [[nodiscard]] std::size_t entries() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(directory), fs::directory_iterator()));
  }

  fs::path directory;
};

TEST_F(NewFilesTest, AreWholeAndHaveTheirModeWhateverTheUmask) {
  const auto before = ::umask(0077);
  ASSERT_TRUE(write_new_files({{directory / "a", "one\n", 0640}, {directory / "b", "", 0600}}, false));
  ::umask(before);
  EXPECT_EQ(content(directory / "a"), "one\n");
  EXPECT_EQ(fs::status(directory / "a").permissions(), fs::perms(0640));
  EXPECT_EQ(fs::status(directory / "b").permissions(), fs::perms(0600));
  EXPECT_EQ(entries(), 2U);
}

TEST_F(NewFilesTest, AllOrNone) {
  std::ofstream(directory / "b") << "there";
  const auto refused = write_new_files({{directory / "a", "new"}, {directory / "b", "new"}}, false);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, (directory / "b").string() + " exists; nothing was written; --force replaces it");
  EXPECT_EQ(content(directory / "b"), "there");
  EXPECT_EQ(entries(), 1U);
  const auto nowhere = write_new_files({{directory / "a", "new"}, {directory / "no/such/c", "new"}}, false);
  ASSERT_FALSE(nowhere);
  EXPECT_NE(nowhere.error().message.find("no/such/c cannot be written"), std::string::npos);
  EXPECT_EQ(entries(), 1U) << "the first one went again";
}

TEST_F(NewFilesTest, ReplaceALinkAndNotWhatItPointsTo) {
  std::ofstream(directory / "target") << "theirs";
  fs::create_symlink(directory / "target", directory / "link");
  EXPECT_FALSE(write_new_files({{directory / "link", "ours"}}, false));
  ASSERT_TRUE(write_new_files({{directory / "link", "ours"}}, true));
  EXPECT_EQ(content(directory / "target"), "theirs");
  EXPECT_EQ(content(directory / "link"), "ours");
  EXPECT_FALSE(fs::is_symlink(directory / "link"));
}

}  // namespace
}  // namespace belfry::cli
