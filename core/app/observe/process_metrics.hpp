// The standard process_* metrics of Prometheus client libraries, read from /proc/self.
#pragma once
#include <optional>

namespace belfry::app {

struct ProcessFigures {
  double cpu_seconds = 0;
  double resident_bytes = 0;
  double virtual_bytes = 0;
  double start_time_seconds = 0;  // Unix time
  double open_fds = 0;
  double max_fds = 0;
  double threads = 0;
};

// None if /proc cannot be read.
[[nodiscard]] std::optional<ProcessFigures> read_process_figures();

}  // namespace belfry::app
