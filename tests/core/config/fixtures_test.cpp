// One fixture per mistake, by section of the configuration (fixtures/wrong/SECTION): a file, or a directory with a belfry.yaml and its
// included files. The .txt file beside it has the expected lines.
// BELFRY_UPDATE_GOLDEN=1 rewrites the .txt files; review them before a commit.
#include <algorithm>
#include <iterator>

#include "support.hpp"

namespace belfry::config {
namespace {

std::filesystem::path fixtures() {
  return std::filesystem::absolute(test::source_directory() / "tests/core/config/fixtures").lexically_normal();
}

// The files to load; belfry.yaml represents its directory.
std::vector<std::filesystem::path> yaml_files(const std::filesystem::path& directory) {
  std::vector<std::filesystem::path> out;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().extension() == ".yaml") out.push_back(entry.path());
    if (std::filesystem::exists(entry.path() / "belfry.yaml")) out.push_back(entry.path() / "belfry.yaml");
  }
  std::ranges::sort(out);
  return out;
}

Environment fixture_environment() { return test::environment({{"HOME", "/home/belfry"}, {"EMPTY", ""}, {"SECRET", "hunter2-hunter2"}}); }

// The problems as shown, without the directory.
std::string produced(const std::filesystem::path& file) {
  auto text = test::lines(load_file(file, fixture_environment()));
  const auto directory = file.parent_path().string() + "/";
  for (auto at = text.find(directory); at != std::string::npos; at = text.find(directory)) text.erase(at, directory.size());
  return text;
}

std::vector<std::filesystem::path> wrong_files() {
  std::vector<std::filesystem::path> out;
  for (const auto& section : std::filesystem::directory_iterator(fixtures() / "wrong"))
    std::ranges::copy(yaml_files(section.path()), std::back_inserter(out));
  return out;
}

TEST(Fixtures, WrongOnesSayWhatIsWrong) {
  const bool update = std::getenv("BELFRY_UPDATE_GOLDEN") != nullptr;  // NOLINT(concurrency-mt-unsafe)
  const auto files = wrong_files();
  ASSERT_GE(files.size(), 60U);
  for (const auto& file : files) {
    auto golden = file.filename() == "belfry.yaml" ? file.parent_path() : file;
    golden.replace_extension(".txt");
    const auto text = produced(file);
    if (update) std::ofstream(golden) << text;
    EXPECT_EQ(text, test::read(golden)) << file;
    EXPECT_FALSE(text.empty()) << file;
    EXPECT_EQ(text.find("hunter2"), std::string::npos) << "a value from a reference is shown: " << file;
  }
}

TEST(Fixtures, EveryMessageSaysWhatToWrite) {
  for (const auto& file : wrong_files()) {
    const auto loaded = load_file(file, fixture_environment());
    const bool failed = std::ranges::any_of(loaded.problems, [](const Diagnostic& p) { return p.severity == Diagnostic::Severity::error; });
    EXPECT_EQ(failed, !loaded.settings.has_value()) << file;
    for (const auto& problem : loaded.problems) {
      EXPECT_NE(problem.text.find("; "), std::string::npos) << problem.to_string();
      EXPECT_EQ(problem.text.find('\n'), std::string::npos) << problem.to_string();
      EXPECT_FALSE(problem.text.ends_with('.')) << problem.to_string();
    }
  }
}

TEST(Fixtures, RightOnesLoadWithoutAnyProblem) {
  for (const auto& file : yaml_files(fixtures() / "right")) EXPECT_EQ(produced(file), "") << file;
}

// Writes the examples of a page to files. The first line of each example is the name of its file.
void write_examples(const std::string& page, const test::TemporaryDirectory& directory) {
  constexpr std::string_view kBegin = "```yaml\n# /etc/belfry/";
  for (auto at = page.find(kBegin); at != std::string::npos; at = page.find(kBegin, at)) {
    at += kBegin.size();
    const auto newline = page.find('\n', at);
    directory.write(page.substr(at, newline - at), page.substr(newline, page.find("```", at) - newline));
  }
}

TEST(Docs, TheExampleOfSeveralFilesIsOneConfiguration) {
  const test::TemporaryDirectory directory;
  write_examples(test::read(test::source_directory() / "docs/how-to/split-the-configuration.md"), directory);
  const auto loaded = load_file(directory.path() / "belfry.yaml", fixture_environment());
  ASSERT_TRUE(loaded.settings.has_value()) << test::lines(loaded);
  EXPECT_TRUE(loaded.problems.empty()) << test::lines(loaded);
  std::string order;
  for (const auto& route : loaded.settings->pipeline.routes) order += route.name + " ";
  EXPECT_EQ(order, "failures accounts everyone ");
  EXPECT_EQ(loaded.settings->sinks.size(), 3U);
  EXPECT_EQ(loaded.settings->plugins.directories.back(), "/opt/audit/plugins");
}

TEST(Shipped, ConfigurationAndExamplesLoadWithoutErrors) {
  auto files = yaml_files(test::source_directory() / "config/examples");
  ASSERT_GE(files.size(), 3U);
  files.push_back(test::source_directory() / "config/belfry.yaml");
  test::TemporaryDirectory credentials;
  for (const auto* name : {"webhook-password", "admin-token", "proxy-password"})
    static_cast<void>(credentials.write(name, "a-secret-value\n"));
  for (const auto& file : files) {
    const auto loaded = load_file(file, test::environment({{"CREDENTIALS_DIRECTORY", credentials.path()}}));
    EXPECT_TRUE(loaded.settings.has_value()) << test::lines(loaded);
    EXPECT_TRUE(loaded.problems.empty()) << test::lines(loaded);
  }
}

}  // namespace
}  // namespace belfry::config
