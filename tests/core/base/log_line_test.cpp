// The form of a line: any value stays one value, on one bounded line.
#include "base/log_line.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <tuple>

namespace belfry::base {
namespace {

constexpr Timestamp kNoon{std::chrono::sys_days{std::chrono::year{2026} / 1 / 31} + std::chrono::hours(12)};

std::string rest(LogFormat format, std::string_view event, const std::vector<LogField>& fields, std::string_view component = {}) {
  return log_line_rest(format, {LogLevel::warn, component, event, {}, fields}, Scrubber());
}

std::string value_in(LogFormat format, const std::string& value) { return rest(format, "e", {{"v", value}}); }

TEST(LogLine, EachFormat) {
  const std::vector<LogField> fields{{"sink", "slack"}, {"took", Millis(1500)}, {"items", 3}, {"late", true}, {"detail", "it is \"gone\""}};
  const auto line = [&](LogFormat format) {
    return log_line_start(format, LogLevel::warn, false, kNoon) + rest(format, "sink is paused", fields, "delivery");
  };
  EXPECT_EQ(
      line(LogFormat::text),
      "2026-01-31T12:00:00.000Z warning delivery: sink is paused sink=slack took=1500ms items=3 late=true detail=\"it is \\\"gone\\\"\"");
  EXPECT_EQ(line(LogFormat::logfmt),
            "time=2026-01-31T12:00:00.000Z level=warn component=delivery event=\"sink is paused\" sink=slack took=1500ms items=3 late=true "
            "detail=\"it is \\\"gone\\\"\"");
  EXPECT_EQ(line(LogFormat::json),
            R"({"time":"2026-01-31T12:00:00.000Z","level":"warn","component":"delivery","event":"sink is paused","sink":"slack",)"
            R"("took":"1500ms","items":3,"late":true,"detail":"it is \"gone\""})");
}

TEST(LogLine, TheJournalGetsAPriorityAndInTextNeitherTimeNorLevel) {
  const std::tuple<LogLevel, std::string, std::string, std::string> rows[] = {
      {LogLevel::error, "<3>", " error ", "error"},
      {LogLevel::warn, "<4>", " warning ", "warn"},
      {LogLevel::info, "<6>", " info  ", "info"},
      {LogLevel::debug, "<7>", " debug ", "debug"},
  };
  const std::string time = "2026-01-31T12:00:00.000Z";
  for (const auto& [level, priority, text, name] : rows) {
    EXPECT_EQ(log_line_start(LogFormat::text, level, false, kNoon), time + text);
    EXPECT_EQ(log_line_start(LogFormat::text, level, true, kNoon), priority);
    EXPECT_EQ(log_line_start(LogFormat::logfmt, level, true, kNoon), priority + "time=" + time + " level=" + name + " ");
    EXPECT_EQ(log_line_start(LogFormat::json, level, true, kNoon), priority + R"({"time":")" + time + R"(","level":")" + name + R"(",)");
  }
}

TEST(LogLine, AnUntrustedValueStaysOneValueOnOneLine) {
  // value, in text, in logfmt and JSON
  const std::tuple<std::string, std::string, std::string> rows[] = {
      {"two words", R"("two words")", R"("two words")"},
      {"a=b", R"("a=b")", R"("a=b")"},
      {"", R"("")", R"("")"},
      {"say \"hi\"", R"("say \"hi\"")", R"("say \"hi\"")"},
      {"back\\slash", R"("back\\slash")", R"("back\\slash")"},
      {"line\nINFO forged x=1", R"("line\nINFO forged x=1")", R"("line\nINFO forged x=1")"},
      {"\r", R"("\x0d")", R"("\r")"},
      {"tab\t", R"("tab\x09")", R"("tab\t")"},
      {"\x1b[31mred", R"("\x1b[31mred")", R"("\u001b[31mred")"},
      {std::string("nul\0byte", 8), R"("nul\x00byte")", R"("nul\u0000byte")"},
      {"del\x7f", R"("del\x7f")", R"("del\u007f")"},
      {"csi\xC2\x9B"
       "31m",
       R"("csi\u009b31m")", R"("csi\u009b31m")"},
      {"\xE2\x80\xAE"
       "gnp.exe",
       R"("\u202egnp.exe")", R"("\u202egnp.exe")"},
      {"\xE2\x80\xA8next", R"("\u2028next")", R"("\u2028next")"},
      {"not\xFFutf8\xC3", R"("not\xffutf8\xc3")", R"("not\ufffdutf8\ufffd")"},
      {"surrogate\xED\xA0\x80", R"("surrogate\xed\xa0\x80")", R"("surrogate\ufffd\ufffd\ufffd")"},
      {"{} {0} %s %n", R"("{} {0} %s %n")", R"("{} {0} %s %n")"},
  };
  for (const auto& [value, text, structured] : rows) {
    EXPECT_EQ(value_in(LogFormat::text, value), "e v=" + text);
    EXPECT_EQ(value_in(LogFormat::logfmt, value), "event=e v=" + structured);
    EXPECT_EQ(value_in(LogFormat::json, value), R"("event":"e","v":)" + structured + "}");
  }
  for (const auto* plain : {"plain", "Grüße", "😀", "C0123456789", "::1"}) {
    EXPECT_EQ(value_in(LogFormat::text, plain), std::string("e v=") + plain);
    EXPECT_EQ(value_in(LogFormat::logfmt, plain), std::string("event=e v=") + plain);
  }
}

TEST(LogLine, TheEventIsAsSafe) {
  const std::string event = "first\nsecond \x1b[2J \xFF";
  EXPECT_EQ(rest(LogFormat::text, event, {}), R"(first\nsecond \x1b[2J \xff)");
  EXPECT_EQ(rest(LogFormat::logfmt, event, {}), R"(event="first\nsecond \u001b[2J \ufffd")");
  EXPECT_EQ(rest(LogFormat::json, event, {}), R"("event":"first\nsecond \u001b[2J \ufffd"})");
}

TEST(LogLine, ANumberInTextIsNoNumberInJson) {
  EXPECT_EQ(value_in(LogFormat::json, "123"), R"("event":"e","v":"123"})");
  EXPECT_EQ(rest(LogFormat::json, "e", {{"v", 123}}), R"("event":"e","v":123})");
}

TEST(LogLine, ALineIsBoundedAndStaysWhole) {
  // The start of what an escape or a character would be divided in at some length.
  for (const std::string& unit : {std::string("x"), std::string("\x1b"), std::string("€"), std::string("\""), std::string("\xFF")}) {
    for (std::size_t shift = 0; shift < 8; ++shift) {
      std::string value(shift, 'y');
      while (value.size() < 20'000) value += unit;
      const std::vector<LogField> fields{{"id", "first"}, {"v", value}, {"after", "left out"}};
      const auto text = rest(LogFormat::text, "e", fields);
      EXPECT_LE(text.size(), kMaxLogLine + 4);
      EXPECT_NE(text.find("..."), std::string::npos);
      EXPECT_EQ(text.find("left out"), std::string::npos);
      const auto logfmt = rest(LogFormat::logfmt, "e", fields);
      EXPECT_TRUE(logfmt.ends_with(unit == "x" || unit == "€" ? "... cut=true" : "...\" cut=true")) << logfmt.substr(logfmt.size() - 30);
      const auto json =
          nlohmann::json::parse(log_line_start(LogFormat::json, LogLevel::info, false, kNoon) + rest(LogFormat::json, "e", fields));
      EXPECT_EQ(json.at("id"), "first");
      EXPECT_EQ(json.at("cut"), true);
      EXPECT_TRUE(json.at("v").get<std::string>().ends_with("..."));
      EXPECT_FALSE(json.contains("after"));
    }
  }
}

TEST(LogLine, FieldsThatDoNotFitAreLeftOutVisibly) {
  std::vector<LogField> fields;
  for (int i = 0; i < 1000; ++i) fields.emplace_back("number", i);
  EXPECT_TRUE(rest(LogFormat::text, "e", fields).ends_with("..."));
  EXPECT_TRUE(rest(LogFormat::logfmt, "e", fields).ends_with(" cut=true"));
  // At each length, a number is there as a whole or not at all.
  for (std::size_t shift = 0; shift < 12; ++shift) {
    const auto json = rest(LogFormat::json, std::string(shift, 'x'), fields);
    EXPECT_TRUE(json.ends_with(",\"cut\":true}")) << json.substr(json.size() - 30);
    EXPECT_TRUE(nlohmann::json::accept("{" + json)) << json;
  }
}

TEST(LogLine, ASecretAcrossTheEndDoesNotLeak) {
  Scrubber scrubber;
  scrubber.add_secret("xoxb-123456");
  for (const auto format : {LogFormat::text, LogFormat::logfmt, LogFormat::json}) {
    const auto line = log_line_rest(format, {LogLevel::info, {}, std::string(kMaxLogLine - 10, 'x') + "xoxb-123456", {}, {}}, scrubber);
    EXPECT_EQ(line.find("xoxb"), std::string::npos);
  }
}

TEST(LogLine, NamesOfLevelsAndFormats) {
  for (const auto level : {LogLevel::debug, LogLevel::info, LogLevel::warn, LogLevel::error})
    EXPECT_EQ(log_level_named(to_string(level)), level);
  for (const auto* other : {"", "warning", "INFO", "verbose", "info "}) EXPECT_EQ(log_level_named(other), std::nullopt) << other;
  EXPECT_EQ(log_format_named("text"), LogFormat::text);
  EXPECT_EQ(log_format_named("logfmt"), LogFormat::logfmt);
  EXPECT_EQ(log_format_named("json"), LogFormat::json);
  for (const auto* other : {"", "auto", "JSON", "xml"}) EXPECT_EQ(log_format_named(other), std::nullopt) << other;
}

}  // namespace
}  // namespace belfry::base
