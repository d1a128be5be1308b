#include "plugin/library.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "plugin/digest.hpp"
#include "support/plugin_rig.hpp"

namespace belfry::plugin {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class Library : public ::testing::Test {
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
  testing::PrivateDirectory directory_;
  testing::PrivateDirectory state_;
  const fs::path store_ = state_.path() / "deep" / "plugins";
};

TEST_F(Library, ListsSharedLibrariesByName) {
  write("b.so", "");
  write("a.so", "");
  write("notes.txt", "");
  const auto files = list_plugins(directory_.path());
  ASSERT_TRUE(files);
  ASSERT_EQ(files->size(), 2U);
  EXPECT_EQ((*files)[0].filename(), "a.so");
  EXPECT_EQ(list_plugins(directory_.path() / "absent")->size(), 0U);
  EXPECT_FALSE(list_plugins(directory_.path() / "a.so"));
}

TEST_F(Library, DirectoryThatOthersMayWriteTo) {
  fs::permissions(directory_.path(), fs::perms::owner_all | fs::perms::group_write);
  const auto files = list_plugins(directory_.path());
  ASSERT_FALSE(files);
  EXPECT_THAT(files.error().message, HasSubstr("run: chmod go-w " + directory_.path().string()));
}

TEST_F(Library, FileThatOthersMayWriteTo) {
  const auto file = write("a.so", "x");
  fs::permissions(file, fs::perms::owner_all | fs::perms::others_write);
  const auto copy = private_copy(file, store_);
  ASSERT_FALSE(copy);
  EXPECT_THAT(copy.error().message, HasSubstr("run: chmod go-w " + file.string()));
}

TEST_F(Library, FileOfAnotherUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  const auto file = write("a.so", "x");
  ASSERT_EQ(::chown(file.c_str(), 4711, 4711), 0);
  const auto copy = private_copy(file, store_);
  ASSERT_FALSE(copy);
  EXPECT_THAT(copy.error().message, HasSubstr("is owned by user 4711, wanted root"));
}

TEST_F(Library, CopyIsNamedByItsDigest) {
  const auto copy = private_copy(write("a.so", "abc"), store_);
  ASSERT_TRUE(copy) << copy.error().message;
  EXPECT_EQ(*copy, store_ / "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad.so");
  EXPECT_EQ(read(*copy), "abc");
  struct stat info{};
  ASSERT_EQ(::stat(store_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0700U);
  EXPECT_EQ(private_copy(directory_.path() / "a.so", store_), *copy);
  EXPECT_EQ(std::distance(fs::directory_iterator(store_), {}), 1);
}

TEST_F(Library, ADamagedCopyIsMadeAgain) {
  const auto file = write("a.so", "abc");
  const auto copy = private_copy(file, store_);
  ASSERT_TRUE(copy);
  fs::permissions(*copy, fs::perms::owner_all);
  fs::resize_file(*copy, 1);
  ASSERT_TRUE(private_copy(file, store_));
  EXPECT_EQ(read(*copy), "abc");
}

TEST_F(Library, StoreThatOthersMayWriteTo) {
  fs::create_directories(store_);
  fs::permissions(store_, fs::perms::all);
  const auto copy = private_copy(write("a.so", "abc"), store_);
  ASSERT_FALSE(copy);
  EXPECT_THAT(copy.error().message, HasSubstr("chmod go-w " + store_.string()));
}

TEST_F(Library, NotThere) {
  const auto copy = private_copy(directory_.path() / "absent.so", store_);
  ASSERT_FALSE(copy);
  EXPECT_THAT(copy.error().message, HasSubstr("absent.so: No such file or directory"));
}

TEST_F(Library, NotALibrary) {
  const auto copy = private_copy(write("a.so", "this is text"), store_);
  ASSERT_TRUE(copy);
  const auto entry = load_entry(*copy, "a.so");
  ASSERT_FALSE(entry);
  EXPECT_THAT(entry.error().message, HasSubstr("a.so: cannot be loaded: "));
  EXPECT_THAT(entry.error().message, HasSubstr("file too short"));
}

TEST(Sha256, OfNothing) { EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"); }

}  // namespace
}  // namespace belfry::plugin
