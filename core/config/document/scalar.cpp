#include "config/document/scalar.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <span>

namespace belfry::config {
namespace {

constexpr std::string_view kDigits = "0123456789";

bool all_of(std::string_view text, std::string_view set) { return !text.empty() && text.find_first_not_of(set) == std::string_view::npos; }

std::string_view without_sign(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return text;
}

bool is_integer(std::string_view text) {
  if (text.starts_with("0o")) return all_of(text.substr(2), "01234567");
  if (text.starts_with("0x")) return all_of(text.substr(2), "0123456789abcdefABCDEF");
  return all_of(without_sign(text), kDigits);
}

// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
bool is_decimal(std::string_view text) {
  text = without_sign(text);
  const auto exponent = text.find_first_of("eE");
  if (exponent != std::string_view::npos && !all_of(without_sign(text.substr(exponent + 1)), kDigits)) return false;
  const auto mantissa = text.substr(0, exponent);
  const auto point = mantissa.find('.');
  const auto whole = mantissa.substr(0, point);
  const auto fraction = point == std::string_view::npos ? std::string_view{} : mantissa.substr(point + 1);
  if (whole.empty()) return all_of(fraction, kDigits);
  return all_of(whole, kDigits) && (fraction.empty() || all_of(fraction, kDigits));
}

bool is_not_finite(std::string_view text) {
  static constexpr std::array<std::string_view, 3> kNan{".nan", ".NaN", ".NAN"};
  static constexpr std::array<std::string_view, 3> kInfinity{".inf", ".Inf", ".INF"};
  return std::ranges::find(kNan, text) != kNan.end() || std::ranges::find(kInfinity, without_sign(text)) != kInfinity.end();
}

template <class Number>
std::optional<Number> parse_whole(std::string_view digits, int base) {
  Number number{};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number, base);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

std::optional<nlohmann::json> integer_to_json(std::string_view text) {
  const int base = text.starts_with("0o") ? 8 : text.starts_with("0x") ? 16 : 10;
  if (base != 10) text.remove_prefix(2);
  if (text.starts_with('+')) text.remove_prefix(1);
  if (const auto small = parse_whole<std::int64_t>(text, base)) return *small;
  if (const auto large = parse_whole<std::uint64_t>(text, base)) return *large;
  return std::nullopt;
}

struct Unit {
  std::string_view suffix;
  std::uint64_t factor;
};

// Converts a number and a unit: "10s" is 10 times the factor of "s".
std::optional<std::uint64_t> parse_with_unit(std::string_view text, std::span<const Unit> units) {
  const auto end = std::min(text.find_first_not_of(kDigits), text.size());
  const auto number = parse_count(text.substr(0, end));
  const auto unit = std::ranges::find(units, text.substr(end), &Unit::suffix);
  if (!number || unit == units.end()) return std::nullopt;
  constexpr std::uint64_t kLimit = std::numeric_limits<std::int64_t>::max();
  if (*number > kLimit / unit->factor) return std::nullopt;
  return *number * unit->factor;
}

constexpr std::array<Unit, 3> kSizeUnits{{{"KiB", 1ULL << 10}, {"MiB", 1ULL << 20}, {"GiB", 1ULL << 30}}};

}  // namespace

ScalarKind scalar_kind(std::string_view plain) {
  static constexpr std::array<std::string_view, 5> kNull{"", "~", "null", "Null", "NULL"};
  static constexpr std::array<std::string_view, 6> kBoolean{"true", "True", "TRUE", "false", "False", "FALSE"};
  if (std::ranges::find(kNull, plain) != kNull.end()) return ScalarKind::null;
  if (std::ranges::find(kBoolean, plain) != kBoolean.end()) return ScalarKind::boolean;
  if (is_integer(plain)) return ScalarKind::integer;
  if (is_decimal(plain) || is_not_finite(plain)) return ScalarKind::floating;
  return ScalarKind::string;
}

base::Result<nlohmann::json> scalar_to_json(std::string_view plain) {
  switch (scalar_kind(plain)) {
    case ScalarKind::null: return nlohmann::json();
    case ScalarKind::boolean: return nlohmann::json(plain.front() == 't' || plain.front() == 'T');
    case ScalarKind::integer:
      if (auto number = integer_to_json(plain)) return *std::move(number);
      return base::fail(base::ErrorCode::invalid, "is a number of more than 64 bits; write it in quotes if it is text");
    case ScalarKind::floating: {
      if (plain.starts_with('+')) plain.remove_prefix(1);
      double number = 0;
      const auto [end, error] = std::from_chars(plain.data(), plain.data() + plain.size(), number);
      if (error == std::errc{} && end == plain.data() + plain.size() && std::isfinite(number)) return nlohmann::json(number);
      return base::fail(base::ErrorCode::invalid, "is not a finite number; write it in quotes if it is text");
    }
    case ScalarKind::string: break;
  }
  return nlohmann::json(plain);
}

std::optional<std::uint64_t> parse_count(std::string_view text) {
  return all_of(text, kDigits) ? parse_whole<std::uint64_t>(text, 10) : std::nullopt;
}

std::optional<Millis> parse_duration(std::string_view text) {
  static constexpr std::array<Unit, 5> kUnits{{{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
  const auto millis = parse_with_unit(text, kUnits);
  return millis ? std::optional(Millis(*millis)) : std::nullopt;
}

std::optional<std::size_t> parse_size(std::string_view text) { return parse_with_unit(text, kSizeUnits); }

std::optional<Rate> parse_rate(std::string_view text) {
  struct Period {
    std::string_view suffix;
    Millis length;
  };
  static constexpr std::array<Period, 3> kPeriods{{{"s", Millis(1'000)}, {"min", Millis(60'000)}, {"h", Millis(3'600'000)}}};
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto events = parse_count(text.substr(0, slash));
  const auto period = std::ranges::find(kPeriods, text.substr(slash + 1), &Period::suffix);
  if (!events || *events > std::numeric_limits<std::uint32_t>::max() || period == kPeriods.end()) return std::nullopt;
  return Rate{static_cast<std::uint32_t>(*events), period->length};
}

std::string size_text(std::size_t bytes) {
  Unit unit{"", 1};
  for (const auto& larger : kSizeUnits) {
    if (bytes % larger.factor == 0) unit = larger;
  }
  return std::to_string(bytes / unit.factor) + std::string(unit.suffix);
}

}  // namespace belfry::config
