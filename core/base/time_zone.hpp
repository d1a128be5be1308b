// Clock times of people, over every change of daylight saving. A value; copies share its rules.
// Thread rule: any thread.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"

namespace belfry::base {

class TimeZone {
 public:
  TimeZone();  // UTC

  // "Europe/Berlin", "UTC": the names of the IANA database, as the machine has it (package tzdata). ErrorCode::invalid otherwise.
  [[nodiscard]] static Result<TimeZone> find(const std::string& name);

  // Those that find() knows, in no order; empty where the machine has no list of them (tzdata.zi).
  [[nodiscard]] static std::vector<std::string> names();

  struct Local {
    int weekday = 0;  // 0 is Sunday
    int minute = 0;   // after midnight, 0..1439
  };
  [[nodiscard]] Local local(Timestamp time) const;

  // When clocks show that time, in minutes after midnight, on the day of `time` or `days` later. Where clocks skip it: the moment of the
  // change. Where they show it twice: the first time.
  [[nodiscard]] Timestamp at(Timestamp time, int days, int minute) const;

  // The first such time after `time`.
  [[nodiscard]] Timestamp next(Timestamp time, int minute) const;

 private:
  struct Rules;
  std::shared_ptr<const Rules> rules_;
};

}  // namespace belfry::base
