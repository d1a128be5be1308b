#include "config/document/include.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include "core/config/support.hpp"

namespace belfry::config {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSections =
    "sources: { coder: {} }\nsinks: { slack: { plugin: slack } }\npipeline: { routes: [{ name: everyone, to: [slack] }] }\n";

class Include : public testing::Test {
 protected:
  void main_file(const std::string& include) { directory_.write("belfry.yaml", "version: 1\ninclude: " + include + "\n" + kSections); }

  LoadResult load(std::map<std::string, std::string> variables = {{"HOME", "/home/belfry"}}) {
    return load_file(directory_.path() / "belfry.yaml", test::environment(std::move(variables)));
  }

  // The problems, one per line, without the directory.
  std::string problems() {
    auto text = test::lines(load());
    const auto prefix = directory_.path().string() + "/";
    for (auto at = text.find(prefix); at != std::string::npos; at = text.find(prefix)) text.erase(at, prefix.size());
    return text;
  }

  std::vector<std::string> routes() {
    const auto loaded = load();
    std::vector<std::string> out;
    if (loaded.settings) {
      for (const auto& route : loaded.settings->pipeline.routes) out.push_back(route.name);
    } else {
      ADD_FAILURE() << test::lines(loaded);
    }
    return out;
  }

  void route(const std::string& file, const std::string& name) {
    directory_.write(file, "pipeline: { routes: [{ name: " + name + ", when: { name: /Failed/ }, to: [slack] }] }\n");
  }

  test::TemporaryDirectory directory_;
};

using Names = std::vector<std::string>;

TEST_F(Include, ReadsWhatThePatternFindsByName) {
  main_file("conf.d/*.yaml");
  for (const auto* name : {"20-b", "10-c", "9-a", "Z"}) route("conf.d/" + std::string(name) + ".yaml", name);
  for (const auto* name : {"conf.d/.hidden.yaml", "conf.d/old.yaml~", "conf.d/x.yml", "conf.d/deeper/x.yaml"}) route(name, "unwanted");
  EXPECT_EQ(routes(), (Names{"10-c", "20-b", "9-a", "Z", "everyone"}));
}

TEST_F(Include, ReadsSeveralEntriesInTheirOrderAndEachFileOnce) {
  main_file("[z.yaml, conf.d/*.yaml, ./conf.d/b.yaml, conf.d/../z.yaml]");
  route("z.yaml", "z");
  route("conf.d/a.yaml", "a");
  route("conf.d/b.yaml", "b");
  EXPECT_EQ(routes(), (Names{"z", "a", "b", "everyone"}));
}

TEST_F(Include, APatternDoesNotFindTheMainFile) {
  main_file("\"*.yaml\"");
  route("more.yaml", "more");
  EXPECT_EQ(routes(), (Names{"more", "everyone"}));
}

TEST_F(Include, APatternMayFindNothing) {
  main_file("[conf.d/*.yaml, \"[0-9]*.yaml\"]");
  EXPECT_EQ(problems(), "");
  fs::create_directory(directory_.path() / "conf.d");
  EXPECT_EQ(problems(), "");
}

TEST_F(Include, TellsAWatcherWhatToLookAt) {
  main_file("[conf.d/*.yaml, more.yaml]");
  const auto a = directory_.write("conf.d/a.yaml", "");
  const auto more = directory_.write("more.yaml", "sinks: [");
  const auto loaded = load();
  ASSERT_TRUE(loaded.partial);
  EXPECT_EQ(loaded.partial->files, (std::vector{directory_.path() / "belfry.yaml", a, more, directory_.path() / "conf.d"}));
  EXPECT_EQ(test::load(test::with("")).settings->files, std::vector<fs::path>{"belfry.yaml"});
}

TEST_F(Include, PathsAndSecretsAreBesideTheFileThatNamesThem) {
  main_file("conf.d/*.yaml");
  directory_.write("conf.d/password", "beside");
  directory_.write("password", "of the main file");
  directory_.write("conf.d/more.yaml",
                   "plugins: { directories: [plugins] }\n"
                   "sources: { more: { path: /more, auth: { bearer: \"${file:password}\" } } }\n"
                   "sinks: { mail: { plugin: smtp, http: { ca_file: ca.pem }, config: { password: \"${file:password}\" } } }\n"
                   "pipeline: { routes: [{ name: a, when: { name: /x/ }, to: [mail] }] }\n");
  auto loaded = load();
  ASSERT_TRUE(loaded.settings) << test::lines(loaded);
  const auto conf_d = directory_.path() / "conf.d";
  EXPECT_EQ(loaded.settings->sources[1].auth.bearers.at(0).reveal(), "beside");
  EXPECT_EQ(loaded.settings->sources[1].path_location, (Location{conf_d / "more.yaml", 2, 26}));
  const auto& mail = loaded.settings->sinks[1];
  EXPECT_EQ(mail.http.ca_file, conf_d / "ca.pem");
  EXPECT_EQ(mail.config["password"], "beside");
  EXPECT_EQ(mail.files.at("/password").path, conf_d / "password");
  EXPECT_EQ(mail.locations.at("/password"), (Location{conf_d / "more.yaml", 3, 79}));
  EXPECT_EQ(loaded.settings->pipeline.routes[0].location, (conf_d / "more.yaml").string() + ":4:22");
  EXPECT_EQ(loaded.settings->plugins.directories,
            (std::vector<fs::path>{"/usr/lib/belfry/plugins", "/usr/local/lib/belfry/plugins", conf_d / "plugins"}))
      << "the main file sets no directories: the defaults stay";

  const auto credential = directory_.write("credentials/password", "systemd's");
  loaded = load({{"HOME", "/home/belfry"}, {"CREDENTIALS_DIRECTORY", credential.parent_path()}});
  ASSERT_TRUE(loaded.settings) << test::lines(loaded);
  EXPECT_EQ(loaded.settings->sources[1].auth.bearers.at(0).reveal(), "systemd's");
}

TEST_F(Include, RefusesWhatIsNoReadableFile) {
  main_file("[pipe.yaml, conf.d/*.yaml, belfry.yaml/*.yaml]");
  ASSERT_EQ(::mkfifo((directory_.path() / "pipe.yaml").c_str(), 0600), 0);
  fs::create_directories(directory_.path() / "conf.d");
  fs::create_symlink("nowhere", directory_.path() / "conf.d/dangling.yaml");
  directory_.write("conf.d/bad\nname.yaml", "");
  EXPECT_EQ(
      problems(),
      "belfry.yaml:2:11: error: include[0] names pipe.yaml, which is a device, not a file; name a file\n"
      "belfry.yaml:2:22: error: include[1] matches a file in conf.d whose name is not text; rename it\n"
      "belfry.yaml:2:22: error: include[1] names conf.d/dangling.yaml, which cannot be read: No such file or directory (symbolic link "
      "conf.d/dangling.yaml to nowhere); repair it, or remove the entry\n"
      "belfry.yaml:2:37: error: include[2] searches belfry.yaml, which cannot be read: Not a directory; name a directory that the user "
      "of the gateway can read\n");
}

TEST_F(Include, RefusesWhatItMayNotRead) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  main_file("[conf.d/*.yaml, closed/*.yaml]");
  const auto file = directory_.write("conf.d/a.yaml", "");
  fs::permissions(file, fs::perms::none);
  const auto closed = directory_.write("closed/a.yaml", "").parent_path();
  fs::permissions(closed, fs::perms::none);
  EXPECT_EQ(
      problems(),
      "belfry.yaml:2:11: error: include[0] names conf.d/a.yaml, which cannot be read: Permission denied; let the user of the gateway read "
      "it\nbelfry.yaml:2:26: error: include[1] searches closed, which cannot be read: Permission denied; name a directory that the user "
      "of the gateway can read\n");
  fs::permissions(closed, fs::perms::owner_all);
}

TEST_F(Include, RefusesTooManyFiles) {
  main_file("conf.d/*.yaml");
  for (std::size_t i = 0; i < kMaxIncludedFiles; ++i) directory_.write("conf.d/" + std::to_string(i) + ".yaml", "");
  EXPECT_EQ(problems(), "");
  directory_.write("conf.d/one-more.yaml", "");
  EXPECT_EQ(problems(), "belfry.yaml:2:10: error: include names more than 256 files; write fewer, larger ones\n");
}

TEST_F(Include, RefusesTooMuchText) {
  main_file("conf.d/*.yaml");
  directory_.write("conf.d/large.yaml", std::string(yaml::kMaxBytes + 1, '#'));
  EXPECT_EQ(problems(), "conf.d/large.yaml: error: the file is larger than 1 MiB; make it smaller\n");
}

TEST_F(Include, RefusesTooManyValuesInAllFilesTogether) {
  main_file("conf.d/*.yaml");
  for (const auto* name : {"a", "b", "c"}) {
    std::string list = "sinks: { " + std::string(name) + ": { plugin: console, config: { list: [";
    for (std::size_t i = 0; i < yaml::kMaxNodes * 2 / 5; ++i) list += "x,";
    directory_.write("conf.d/" + std::string(name) + ".yaml", list + "] } } }\n");
  }
  const auto all = problems();
  EXPECT_NE(all.find("belfry.yaml:2:10: error: include names conf.d/c.yaml, which brings all files together to more than 100000 values"),
            std::string::npos)
      << all;
}

TEST_F(Include, WhatAnIncludedFileBringsInIsNotShown) {
  main_file("conf.d/*.yaml");
  directory_.write("conf.d/password", "hunter2");
  directory_.write("conf.d/a.yaml", "sinks: { mail: { plugin: smtp, delivery: { timeout: \"${file:password}\" } } }\n");
  EXPECT_EQ(problems().find("hunter2"), std::string::npos);
}

}  // namespace
}  // namespace belfry::config
