// Whether attempts of a sink fail one after the other, and what of it is worth a line in the log: one when it begins, one now and then
// while it lasts, one when it ends. Pure: time is an argument.
//
//   closed --- kFailures failures in a row ---> open --- an answer of the remote ---> closed
//
// A failure is an attempt that is to be made again. An answer is a delivery, or anything else that the remote itself has said. What is
// neither (the plugin refused without asking the remote) changes nothing.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "model/outcome.hpp"

namespace belfry::delivery {

class Outage {
 public:
  static constexpr std::uint64_t kFailures = 3;       // fewer are what a network does
  static constexpr base::Millis kFirstCount{60'000};  // until the first line with a count; the time doubles with each
  static constexpr base::Millis kLastCount{3'600'000};
  static constexpr base::Millis kCalm{60'000};  // one that begins sooner after another is only said once it has lasted that long

  struct Failure {
    base::Timestamp at{};
    std::string reason;  // slug
    std::string detail;
  };
  struct News {
    enum class Kind { none, begins, goes_on, ends };
    Kind kind = Kind::none;
    base::Millis lasted{};       // since its first failure
    std::uint64_t attempts = 0;  // that failed in it

    bool operator==(const News&) const = default;
  };

  [[nodiscard]] News ended(const model::Outcome& outcome, base::Timestamp now);

  [[nodiscard]] bool open() const { return attempts_ >= kFailures; }
  // Of the one that is open, or may be about to.
  [[nodiscard]] std::optional<base::Timestamp> since() const { return attempts_ > 0 ? std::optional(since_) : std::nullopt; }
  [[nodiscard]] std::uint64_t attempts() const { return attempts_; }
  // The last failure ever.
  [[nodiscard]] const std::optional<Failure>& last() const { return last_; }

 private:
  [[nodiscard]] News failed(const model::Outcome& outcome, base::Timestamp now);
  [[nodiscard]] News answered(base::Timestamp now);
  [[nodiscard]] News news(News::Kind kind, base::Timestamp now) const { return {kind, now - since_, attempts_}; }

  std::uint64_t attempts_ = 0;
  base::Timestamp since_{};
  std::optional<Failure> last_;
  bool said_ = false;  // that it has begun
  base::Timestamp next_count_{};
  base::Millis count_interval_ = kFirstCount;
  std::optional<base::Timestamp> ended_at_;  // of the one before
};

}  // namespace belfry::delivery
