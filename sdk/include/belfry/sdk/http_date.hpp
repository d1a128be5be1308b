// Parses HTTP dates (RFC 9110 section 5.6.7) in all three forms that a recipient must accept:
//     Sun, 06 Nov 1994 08:49:37 GMT    Sunday, 06-Nov-94 08:49:37 GMT    Sun Nov  6 08:49:37 1994
// Pure. The day of the week is not checked.
#pragma once
#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <string_view>

namespace belfry::sdk {

using HttpDate = std::chrono::sys_seconds;

namespace detail {

// Consumes a date from the front. After unexpected input, good() is false and reading has no effect.
class DateReader {
 public:
  explicit DateReader(std::string_view text) : text_(text) {}

  [[nodiscard]] bool ended() const { return good_ && text_.empty(); }
  [[nodiscard]] bool good() const { return good_; }

  void skip(std::string_view expected) {
    good_ = good_ && text_.starts_with(expected);
    if (good_) text_.remove_prefix(expected.size());
  }
  // Skips letters.
  void skip_word() { text_.remove_prefix(std::min(text_.size(), word().size())); }
  // Reads exactly `digits` digits. If `padded`, a leading space counts as a zero.
  int number(std::size_t digits, bool padded = false) {
    good_ = good_ && text_.size() >= digits;
    int value = 0;
    for (std::size_t i = 0; good_ && i < digits; ++i) {
      const char c = padded && i == 0 && text_[i] == ' ' ? '0' : text_[i];
      good_ = c >= '0' && c <= '9';
      value = value * 10 + (c - '0');
    }
    if (good_) text_.remove_prefix(digits);
    return value;
  }
  // 1..12
  unsigned month() {
    constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto found = std::find(kMonths.begin(), kMonths.end(), word());
    good_ = good_ && found != kMonths.end();
    if (good_) skip_word();
    return static_cast<unsigned>(found - kMonths.begin()) + 1;
  }
  [[nodiscard]] bool next_is(char c) const { return !text_.empty() && text_.front() == c; }

 private:
  [[nodiscard]] std::string_view word() const {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    return text_.substr(0, static_cast<std::size_t>(std::find_if_not(text_.begin(), text_.end(), letter) - text_.begin()));
  }

  std::string_view text_;
  bool good_ = true;
};

struct DateParts {
  int year = 0;
  unsigned month = 0;
  int day = 0;
  int hour = 0, minute = 0, second = 0;

  void read_time(DateReader& in) {
    hour = in.number(2);
    in.skip(":");
    minute = in.number(2);
    in.skip(":");
    second = in.number(2);
  }
};

}  // namespace detail

// Returns nullopt if `text` is not a valid date in one of the three forms. `now` resolves a two-digit year, to at most 50 years ahead.
[[nodiscard]] inline std::optional<HttpDate> parse_http_date(std::string_view text, HttpDate now) {
  using namespace std::chrono;
  detail::DateReader in(text);
  detail::DateParts at;
  bool two_digits = false;
  in.skip_word();
  if (in.next_is(',')) {
    in.skip(", ");
    at.day = in.number(2);
    two_digits = in.next_is('-');
    const std::string_view between = two_digits ? "-" : " ";
    in.skip(between);
    at.month = in.month();
    in.skip(between);
    at.year = in.number(two_digits ? 2 : 4);
    in.skip(" ");
    at.read_time(in);
    in.skip(" GMT");
  } else {
    in.skip(" ");
    at.month = in.month();
    in.skip(" ");
    at.day = in.number(2, true);
    in.skip(" ");
    at.read_time(in);
    in.skip(" ");
    at.year = in.number(4);
  }
  if (!in.ended()) return std::nullopt;
  if (two_digits) {
    const int this_year = static_cast<int>(year_month_day(floor<days>(now)).year());
    at.year += this_year - this_year % 100;
    if (at.year > this_year + 50) at.year -= 100;
  }
  const year_month_day date{year(at.year), month(at.month), day(static_cast<unsigned>(at.day))};
  if (!date.ok() || at.hour > 23 || at.minute > 59 || at.second > 60) return std::nullopt;  // 60: a leap second
  return sys_days(date) + hours(at.hour) + minutes(at.minute) + seconds(at.second);
}

}  // namespace belfry::sdk
