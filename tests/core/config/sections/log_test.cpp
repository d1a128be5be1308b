#include <tuple>

#include "config/process_variables.hpp"
#include "core/config/support.hpp"

namespace belfry::config {
namespace {

using base::LogFormat;
using base::LogLevel;

LogSettings loaded(const std::string& section) {
  const auto result = test::load(test::with(section));
  EXPECT_TRUE(result.settings) << test::lines(result);
  return result.settings ? result.settings->log : LogSettings();
}

TEST(LogSection, FormatsAndLevels) {
  EXPECT_EQ(loaded("").format, std::nullopt);
  EXPECT_EQ(loaded("").level, std::nullopt);
  EXPECT_EQ(loaded("log: { format: auto }").format, std::nullopt);
  EXPECT_EQ(loaded("log: { format: text }").format, LogFormat::text);
  EXPECT_EQ(loaded("log: { format: logfmt }").format, LogFormat::logfmt);
  EXPECT_EQ(loaded("log: { format: json }").format, LogFormat::json);
  EXPECT_EQ(loaded("log: { level: debug }").level, LogLevel::debug);
  EXPECT_EQ(loaded("log: { level: error }").level, LogLevel::error);
}

TEST(LogSection, IsReadAlsoFromAConfigurationWithErrors) {
  const auto result = test::load(test::with("log: { format: json }\nservers: {}"));
  ASSERT_TRUE(result.partial);
  EXPECT_EQ(result.partial->log.format, LogFormat::json);
}

TEST(EffectiveLogLevel, TheVariableTakesPrecedence) {
  const std::tuple<const char*, std::optional<LogLevel>, LogLevel> rows[] = {
      {nullptr, std::nullopt, LogLevel::info},     {nullptr, LogLevel::error, LogLevel::error}, {"", LogLevel::error, LogLevel::error},
      {"debug", LogLevel::error, LogLevel::debug}, {"warn", std::nullopt, LogLevel::warn},      {"verbose", LogLevel::warn, LogLevel::warn},
  };
  for (const auto& [variable, level, wanted] : rows) {
    std::map<std::string, std::string> variables;
    if (variable != nullptr) variables["BELFRY_LOG"] = variable;
    EXPECT_EQ(effective_log_level({.level = level}, test::environment(variables)), wanted);
  }
}

}  // namespace
}  // namespace belfry::config
