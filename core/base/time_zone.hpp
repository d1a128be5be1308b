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

  // The zone of this machine (the variable TZ, else /etc/localtime); UTC if it has none.
  [[nodiscard]] static TimeZone of_machine();

  // The names that find() accepts, in no order; empty if the machine has no list of them (tzdata.zi).
  [[nodiscard]] static std::vector<std::string> names();

  // As find() was called with; "UTC" by default, "localtime" for the machine's own if TZ does not name one.
  [[nodiscard]] std::string name() const;

  // For people: "2026-01-31", "09:05:00", and "CET" (a number such as "+0545" if the zone has no abbreviation).
  [[nodiscard]] std::string date(Timestamp time) const;
  [[nodiscard]] std::string clock(Timestamp time) const;
  [[nodiscard]] std::string abbreviation(Timestamp time) const;

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
