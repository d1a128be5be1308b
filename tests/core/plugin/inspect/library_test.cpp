#include "plugin/inspect/library.hpp"

#include <gmock/gmock.h>

#include <fcntl.h>

#include <fstream>

#include "plugin/inspect/private_copy.hpp"
#include "plugin/inspect/sha256.hpp"
#include "plugin/inspect/trusted_file.hpp"
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

// ---- Every component of the path to a plugin file ------------------------------------------------------------------------------

class TrustedPath : public Library {
 protected:
  TrustedPath() {
    fs::create_directories(directory_.path() / "open/inner");
    fs::create_directory(directory_.path() / "closed");
    std::ofstream(directory_.path() / "open/inner/a.so") << "text";
    std::ofstream(directory_.path() / "closed/a.so") << "text";
  }
  void open_to_all(const fs::path& path) { fs::permissions(path, fs::perms::all); }
  // Empty when the path is trusted.
  std::string refusal(const fs::path& file) {
    const auto opened = open_trusted(file, O_RDONLY);
    return opened ? "" : opened.error().message;
  }
};

TEST_F(TrustedPath, ADirectoryOnTheWay) {
  const auto open = directory_.path() / "open";
  EXPECT_EQ(refusal(open / "inner/a.so"), "");
  open_to_all(open);
  EXPECT_THAT(refusal(open / "inner/a.so"),
              HasSubstr(open.string() + ": can be written by group or others, on the path to " + (open / "inner/a.so").string() +
                        ", wanted by its owner only; run: chmod go-w " + open.string()));
  // Like /tmp: users cannot replace each other's files.
  fs::permissions(open, fs::perms::all | fs::perms::sticky_bit);
  EXPECT_EQ(refusal(open / "inner/a.so"), "");
}

TEST_F(TrustedPath, ALinkOutOfADirectoryThatOthersMayWriteTo) {
  const auto open = directory_.path() / "open";
  fs::create_symlink("../closed/a.so", open / "link.so");
  EXPECT_EQ(refusal(open / "link.so"), "");
  open_to_all(open);
  EXPECT_THAT(refusal(open / "link.so"), HasSubstr("chmod go-w " + open.string()));
}

TEST_F(TrustedPath, ALinkIntoADirectoryThatOthersMayWriteTo) {
  const auto link = directory_.path() / "closed/link.so";
  fs::create_symlink(directory_.path() / "open/inner/a.so", link);
  EXPECT_EQ(refusal(link), "");
  open_to_all(directory_.path() / "open");
  EXPECT_THAT(refusal(link), HasSubstr("chmod go-w " + (directory_.path() / "open").string()));
  EXPECT_FALSE(private_copy(link, directory_.path() / "store"));
}

TEST_F(TrustedPath, ALinkedDirectory) {
  fs::create_directory_symlink(directory_.path() / "open", directory_.path() / "linked");
  EXPECT_TRUE(list_plugins(directory_.path() / "linked/inner"));
  open_to_all(directory_.path() / "open");
  EXPECT_FALSE(list_plugins(directory_.path() / "linked/inner"));
}

TEST_F(TrustedPath, LinksInACircle) {
  fs::create_symlink("b", directory_.path() / "a");
  fs::create_symlink("a", directory_.path() / "b");
  EXPECT_THAT(refusal(directory_.path() / "a"), HasSubstr("too many symbolic links"));
}

TEST_F(Library, NotALibrary) {
  const auto entry = load_entry(write("a.so", "this is text"), "a.so");
  ASSERT_FALSE(entry);
  EXPECT_THAT(entry.error().message, HasSubstr("a.so: cannot be loaded: "));
  EXPECT_THAT(entry.error().message, HasSubstr("file too short"));
}

class BuiltLibrary : public belfry::testing::PluginRig {};

// The test program itself is no plugin.
TEST_F(BuiltLibrary, ALibraryThatPluginsLinkIsNotListed) {
  const testing::PrivateDirectory directory;
  fs::copy_file("/proc/self/exe", directory.path() / "libcompanion.so");
  fs::copy_file("/proc/self/exe", directory.path() / "noentry.so");
  fs::copy_file(built("plain"), directory.path() / "libplain.so");
  fs::copy_file(built("old_v0"), directory.path() / "libold.so");
  std::ofstream(directory.path() / "libtext.so") << "no library";
  const auto files = list_plugins(directory.path());
  ASSERT_TRUE(files);
  std::vector<std::string> names;
  for (const auto& file : *files) names.push_back(file.filename());
  EXPECT_THAT(names, ::testing::ElementsAre("libold.so", "libplain.so", "libtext.so", "noentry.so"));
}

TEST_F(BuiltLibrary, BuiltForVersionZero) {
  const auto entry = load_entry(built("old_v0"), "old.so");
  ASSERT_FALSE(entry);
  EXPECT_EQ(entry.error().message,
            "old.so: built for plugin ABI 0, which this gateway no longer loads; rebuild it from its source with the SDK of this release "
            "(belfry-dev / belfry-devel)");
}

TEST(Sha256, OfNothing) { EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"); }

}  // namespace
}  // namespace belfry::plugin
