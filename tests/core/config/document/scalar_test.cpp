#include "config/document/scalar.hpp"

#include <gtest/gtest.h>

namespace belfry::config {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

TEST(Scalar, FollowsTheCoreSchema) {
  struct Case {
    const char* text;
    json value;
  };
  const Case cases[] = {
      {"", nullptr},
      {"~", nullptr},
      {"null", nullptr},
      {"NULL", nullptr},
      {"nUll", "nUll"},
      {"true", true},
      {"True", true},
      {"FALSE", false},
      {"yes", "yes"},
      {"on", "on"},
      {"0", 0},
      {"-0", 0},
      {"007", 7},
      {"+12", 12},
      {"-12", -12},
      {"0o17", 15},
      {"0xfF", 255},
      {"0b1", "0b1"},
      {"0o8", "0o8"},
      {"0x", "0x"},
      {"1_000", "1_000"},
      {"1.5", 1.5},
      {".5", 0.5},
      {"+.5", 0.5},
      {"5.", 5.0},
      {"-1.5e3", -1500.0},
      {"1e3", 1000.0},
      {"1E-2", 0.01},
      {".", "."},
      {"e3", "e3"},
      {"1e", "1e"},
      {"1e+", "1e+"},
      {"--1", "--1"},
      {"+-1", "+-1"},
      {"1.2.3", "1.2.3"},
      {"127.0.0.1", "127.0.0.1"},
      {"10s", "10s"},
      {"1:30", "1:30"},
      {"2026-01-31", "2026-01-31"},
      {"9223372036854775807", std::int64_t{9223372036854775807}},
      {"-9223372036854775808", std::numeric_limits<std::int64_t>::min()},
      {"18446744073709551615", std::uint64_t{18446744073709551615U}},
  };
  for (const auto& c : cases) {
    const auto value = scalar_to_json(c.text);
    ASSERT_TRUE(value) << c.text;
    EXPECT_EQ(*value, c.value) << c.text;
    EXPECT_EQ(value->is_number_float(), c.value.is_number_float()) << c.text;
  }
}

TEST(Scalar, RefusesNumbersThatJsonCannotHold) {
  for (const auto* text :
       {".inf", "-.INF", "+.Inf", ".nan", ".NaN", "1e999", "18446744073709551616", "-9223372036854775809", "0x10000000000000000"}) {
    EXPECT_FALSE(scalar_to_json(text)) << text;
  }
}

TEST(Duration, IsANumberAndAUnit) {
  EXPECT_EQ(parse_duration("500ms"), 500ms);
  EXPECT_EQ(parse_duration("10s"), 10s);
  EXPECT_EQ(parse_duration("5m"), 5min);
  EXPECT_EQ(parse_duration("24h"), 24h);
  EXPECT_EQ(parse_duration("7d"), 168h);
  EXPECT_EQ(parse_duration("0s"), 0s);
  EXPECT_EQ(parse_duration("106751991168d"), std::nullopt) << "too many milliseconds";
  for (const auto* text :
       {"", "s", "10", "-1s", "+1s", "1.5s", "10 s", " 10s", "10s ", "10S", "1h30m", "10sec", "1w", "99999999999999999999s"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
}

TEST(Size, IsANumberAndABinaryUnit) {
  EXPECT_EQ(parse_size("64KiB"), 65536U);
  EXPECT_EQ(parse_size("1MiB"), 1048576U);
  EXPECT_EQ(parse_size("2GiB"), 2147483648U);
  for (const auto* text : {"", "1", "64KB", "64k", "64kib", "1 MiB", "-1MiB", "1.5MiB", "8589934592GiB", "KiB"})
    EXPECT_EQ(parse_size(text), std::nullopt) << text;
}

TEST(Size, IsWrittenInTheLargestExactUnit) {
  EXPECT_EQ(size_text(1024), "1KiB");
  EXPECT_EQ(size_text(1536 * 1024), "1536KiB");
  EXPECT_EQ(size_text(64U << 20U), "64MiB");
  EXPECT_EQ(size_text(1000), "1000");
}

TEST(RateForm, IsANumberPerUnitOfTime) {
  EXPECT_EQ(parse_rate("1/s"), (Rate{1, 1s}));
  EXPECT_EQ(parse_rate("300/min"), (Rate{300, 60s}));
  EXPECT_EQ(parse_rate("1000/h"), (Rate{1000, 3600s}));
  for (const auto* text : {"", "/", "1", "1/", "/s", "1/m", "1/sec", "1/2s", "1 / s", "-1/s", "1.5/s", "4294967296/s"})
    EXPECT_EQ(parse_rate(text), std::nullopt) << text;
}

TEST(Count, IsDigitsOnly) {
  EXPECT_EQ(parse_count("0"), 0U);
  EXPECT_EQ(parse_count("18446744073709551615"), 18446744073709551615U);
  for (const auto* text : {"", "-1", "+1", " 1", "1 ", "0x1", "18446744073709551616"}) EXPECT_EQ(parse_count(text), std::nullopt) << text;
}

}  // namespace
}  // namespace belfry::config
