#include "base/log.hpp"

namespace belfry::base {
namespace {

using namespace std::chrono_literals;

struct Captured {
  std::shared_ptr<Scrubber> scrubber = std::make_shared<Scrubber>();
  std::vector<std::pair<LogLevel, std::string>> lines;
  Logger logger{LogLevel::debug, scrubber, [this](LogLevel level, const std::string& line) { lines.emplace_back(level, line); }};

  [[nodiscard]] const std::string& last() const { return lines.back().second; }
};

TEST(Log, EventThenFields) {
  Captured log;
  log.logger.info("listening", {{"address", "127.0.0.1:6000"}, {"tls", false}, {"threads", 2}, {"timeout", 1500ms}});
  EXPECT_EQ(log.last(), "listening address=127.0.0.1:6000 tls=false threads=2 timeout=1500ms");
  log.logger.warn("nothing more");
  EXPECT_EQ(log.last(), "nothing more");
}

TEST(Log, ComponentStandsInFront) {
  Captured log;
  log.logger.named("store").named("sqlite").error("full");
  EXPECT_EQ(log.last(), "sqlite: full");
}

TEST(Log, LevelsPassThroughAndBelowTheLowestNothing) {
  Captured log;
  log.logger.debug("d");
  log.logger.info("i");
  log.logger.warn("w");
  log.logger.error("e");
  ASSERT_EQ(log.lines.size(), 4U);
  EXPECT_EQ(log.lines[0].first, LogLevel::debug);
  EXPECT_EQ(log.lines[1].first, LogLevel::info);
  EXPECT_EQ(log.lines[2].first, LogLevel::warn);
  EXPECT_EQ(log.lines[3].first, LogLevel::error);

  int seen = 0;
  const Logger quiet(LogLevel::error, log.scrubber, [&](LogLevel, const std::string&) { ++seen; });
  quiet.warn("w");
  EXPECT_EQ(seen, 0);
  quiet.error("e");
  EXPECT_EQ(seen, 1);
}

TEST(Log, AForeignValueStaysOneValueOnOneLine) {
  Captured log;
  const std::pair<std::string, const char*> rows[] = {
      {"plain", "v=plain"},
      {"", "v=\"\""},
      {"two words", "v=\"two words\""},
      {"a=b", "v=\"a=b\""},
      {"say \"hi\"", R"(v="say \"hi\"")"},
      {"back\\slash", R"(v="back\\slash")"},
      {"line\nINFO forged x=1", R"(v="line\nINFO forged x=1")"},
      {"\r", R"(v="\x0d")"},
      {"\x1b[31mred", R"(v="\x1b[31mred")"},
      {std::string("nul\0byte", 8), R"(v="nul\x00byte")"},
      {"del\x7f", R"(v="del\x7f")"},
      {"tab\t", R"(v="tab\x09")"},
      {"Grüße", "v=Grüße"},
      {"{} {0} %s %n", "v=\"{} {0} %s %n\""},
  };
  for (const auto& [value, wanted] : rows) {
    log.logger.info("e", {{"v", value}});
    EXPECT_EQ(log.last(), std::string("e ") + wanted);
  }
}

TEST(Log, TheEventIsNoFormatString) {
  Captured log;
  log.logger.info("{} {0:>1000000} %s");
  EXPECT_EQ(log.last(), "{} {0:>1000000} %s");
}

TEST(Log, SecretsAreScrubbedAlsoFromEventsAndEscapedValues) {
  Captured log;
  log.scrubber->add_secret("xoxb-123456");
  log.scrubber->add_secret("two words \"quoted\"");
  log.logger.info("token xoxb-123456", {{"v", "Bearer xoxb-123456"}});
  EXPECT_EQ(log.last(), "token *** v=\"Bearer ***\"");
  log.logger.info("e", {{"v", "two words \"quoted\""}});
  EXPECT_EQ(log.last().find("two words"), std::string::npos) << log.last();
}

TEST(Log, LinesAreBoundedAndASecretAcrossTheEndDoesNotLeak) {
  Captured log;
  log.logger.info("e", {{"v", std::string(1'000'000, 'x')}});
  EXPECT_EQ(log.last().size(), 8192U + 3U);
  EXPECT_TRUE(log.last().ends_with("..."));
  log.scrubber->add_secret("xoxb-123456");
  log.logger.info(std::string(8186, 'x') + "xoxb-123456");
  EXPECT_EQ(log.last().find("xoxb"), std::string::npos);
}

TEST(Log, ABoundedLineIsCutBetweenCharacters) {
  Captured log;
  std::string euros;
  for (int i = 0; i < 4000; ++i) euros += "€";
  log.logger.info(euros);
  const auto& line = log.last();
  EXPECT_TRUE(line.ends_with("€...")) << line.substr(line.size() - 8);
}

}  // namespace
}  // namespace belfry::base
