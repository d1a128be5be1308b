// Detects when the attempts of a sink keep failing, and decides when to log it: once when the outage begins, now and then while it lasts,
// and once when it ends. Pure: time is an argument.
//
//   closed --- kFailures failures in a row ---> open --- a response of the remote ---> closed
//
// A failure is an attempt that will be retried. A response is a delivery, or any other outcome that the remote itself produced. All other
// outcomes (the plugin refused without contacting the remote) change nothing.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "model/outcome.hpp"

namespace belfry::delivery {

class Outage {
 public:
  static constexpr std::uint64_t kFailures = 3;       // fewer are normal for a network
  static constexpr base::Millis kFirstCount{60'000};  // until the first reminder; the interval doubles with each
  static constexpr base::Millis kLastCount{3'600'000};
  static constexpr base::Millis kFlapWindow{60'000};  // an outage this soon after another is reported once it has lasted this long

  struct Failure {
    base::Timestamp at{};
    std::string reason;  // slug
    std::string detail;
  };
  struct Notice {
    enum class Kind { none, begins, continues, ends };
    Kind kind = Kind::none;
    base::Millis lasted{};       // since the first failure
    std::uint64_t attempts = 0;  // failed during the outage

    bool operator==(const Notice&) const = default;
  };

  [[nodiscard]] Notice record(const model::Outcome& outcome, base::Timestamp now);

  [[nodiscard]] bool open() const { return attempts_ >= kFailures; }
  // Start of the current outage, or of the failures that may become one.
  [[nodiscard]] std::optional<base::Timestamp> since() const { return attempts_ > 0 ? std::optional(since_) : std::nullopt; }
  [[nodiscard]] std::uint64_t attempts() const { return attempts_; }
  // The most recent failure; kept after the outage has ended.
  [[nodiscard]] const std::optional<Failure>& last() const { return last_; }

 private:
  [[nodiscard]] Notice record_failure(const model::Outcome& outcome, base::Timestamp now);
  [[nodiscard]] Notice record_response(base::Timestamp now);
  [[nodiscard]] Notice notice(Notice::Kind kind, base::Timestamp now) const { return {kind, now - since_, attempts_}; }

  std::uint64_t attempts_ = 0;
  base::Timestamp since_{};
  std::optional<Failure> last_;
  bool reported_ = false;  // the beginning has been reported
  base::Timestamp next_count_{};
  base::Millis count_interval_ = kFirstCount;
  std::optional<base::Timestamp> ended_at_;  // end of the previous outage
};

}  // namespace belfry::delivery
