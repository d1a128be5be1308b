#include "plugin/library.hpp"

#include <gmock/gmock.h>

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
  testing::PrivateDirectory directory_;
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

TEST_F(Library, NotALibrary) {
  const auto entry = load_entry(write("a.so", "this is text"), "a.so");
  ASSERT_FALSE(entry);
  EXPECT_THAT(entry.error().message, HasSubstr("a.so: cannot be loaded: "));
  EXPECT_THAT(entry.error().message, HasSubstr("file too short"));
}

TEST(Sha256, OfNothing) { EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"); }

}  // namespace
}  // namespace belfry::plugin
