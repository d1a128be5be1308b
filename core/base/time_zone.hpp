// Local clock times, across changes of daylight saving. A value; copies share the rules.
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

  // Finds a zone by its name in the machine's IANA database (package tzdata): "Europe/Berlin", "UTC". ErrorCode::invalid otherwise.
  [[nodiscard]] static Result<TimeZone> find(const std::string& name);

  // The names that find() accepts, in no order; empty if the machine has no list of them (tzdata.zi).
  [[nodiscard]] static std::vector<std::string> names();

  struct Local {
    int weekday = 0;  // 0 is Sunday
    int minute = 0;   // after midnight, 0..1439
  };
  [[nodiscard]] Local local(Timestamp time) const;

  // The moment when clocks show `minute`, in minutes after midnight, `days` after the day of `time`. If clocks skip it: the moment of the
  // change. If they show it twice: the first time.
  [[nodiscard]] Timestamp at(Timestamp time, int days, int minute) const;

  // The first such moment after `time`.
  [[nodiscard]] Timestamp next(Timestamp time, int minute) const;

 private:
  struct Rules;
  std::shared_ptr<const Rules> rules_;
};

}  // namespace belfry::base
