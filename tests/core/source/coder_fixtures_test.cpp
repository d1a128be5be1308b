// Complete payloads: our own, in the forms that Coder sends, and real ones if BELFRY_CODER_FIXTURES names a directory of them.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "source/coder.hpp"

namespace belfry::source {
namespace {

namespace fs = std::filesystem;

std::string content_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  EXPECT_TRUE(in) << file;
  return {std::istreambuf_iterator<char>(in), {}};
}

model::Notification parsed(const fs::path& file) {
  const auto result = parse_coder({content_of(file), {}}, {.source = "coder", .id = "fresh", .received_at = {}});
  EXPECT_TRUE(result) << file << ": " << result.error().message;
  return result.value_or(model::Notification{});
}

model::Notification ours(const std::string& name) { return parsed(fs::path(BELFRY_FIXTURES) / "coder" / (name + ".json")); }

std::vector<fs::path> json_files(const fs::path& directory) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(directory)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  return files;
}

TEST(CoderFixtures, AllOfOursAreAccepted) {
  const auto files = json_files(fs::path(BELFRY_FIXTURES) / "coder");
  EXPECT_GE(files.size(), 9U);
  for (const auto& file : files) EXPECT_FALSE(parsed(file).title.empty()) << file;
}

TEST(CoderFixtures, Schema10) {
  const auto n = ours("schema_1_0");
  EXPECT_EQ(n.template_id, "");
  EXPECT_EQ(n.title_markdown, "");
  EXPECT_TRUE(n.data.is_null());
  EXPECT_EQ(n.labels.at("initiator"), "frollo");
}

TEST(CoderFixtures, NullActions) {
  const auto n = ours("null_actions");
  EXPECT_TRUE(n.actions.empty());
  EXPECT_TRUE(n.labels.empty());
  EXPECT_TRUE(n.targets.empty());
}

TEST(CoderFixtures, MarkdownIsKeptAsItStands) {
  const auto n = ours("markdown");
  EXPECT_NE(n.body_markdown.find("\\*policy\\*"), std::string::npos);
  EXPECT_NE(n.body_markdown.find("<!channel> & <@U012>"), std::string::npos);
}

TEST(CoderFixtures, OneTimePasscode) {
  const auto n = ours("one_time_passcode");
  EXPECT_TRUE(n.sensitive) << "although its template id is all zeros";
  EXPECT_EQ(n.max_age, base::Millis(std::chrono::minutes(10)));
}

TEST(CoderFixtures, EmojiAndRightToLeft) {
  const auto n = ours("emoji_rtl");
  EXPECT_TRUE(n.title.starts_with("🎉 المهمة"));
  EXPECT_EQ(n.actions.front().label, "עבור אל המשימה");
  EXPECT_TRUE(n.body.ends_with("\u202eabc\u202c"));
}

TEST(CoderFixtures, NoValueInAUrl) {
  const auto n = ours("no_value_url");
  EXPECT_TRUE(n.actions.at(0).url.ends_with("template%3A<no value>"));
  EXPECT_EQ(n.actions.at(1).url, "/@quasi/<no value>/builds/3");
}

TEST(CoderFixtures, NoEmailAndWhiteSpaceOnly) {
  const auto n = ours("no_email");
  EXPECT_EQ(n.recipient.email, "");
  EXPECT_EQ(n.recipient.username, "ci-bot");
  EXPECT_EQ(n.title, " \t ");
}

TEST(CoderFixtures, RichData) {
  const auto n = ours("report");
  EXPECT_EQ(n.data.at("template_versions").at(0).at("failed_builds").at(1).at("build_number"), 78);
  EXPECT_EQ(n.data.at("failure_rate"), 0.0732);
}

TEST(CoderFixtures, RealPayloads) {
  const char* directory = std::getenv("BELFRY_CODER_FIXTURES");
  if (directory == nullptr || *directory == '\0') GTEST_SKIP() << "BELFRY_CODER_FIXTURES names no directory of real payloads";
  const auto files = json_files(directory);
  ASSERT_FALSE(files.empty()) << directory;
  for (const auto& file : files) {
    const auto n = parsed(file);
    EXPECT_FALSE(n.body.empty()) << file;
    EXPECT_EQ(n.sensitive, n.name == "One-Time Passcode") << file;
  }
}

}  // namespace
}  // namespace belfry::source
