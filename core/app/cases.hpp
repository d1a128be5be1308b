// The administrator's own cases: files that say what the configuration has to make of a notification, so that rules can live in version
// control with a test. Read with the strictness of the configuration; see docs/how-to/test-your-rules.md.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/dry_run.hpp"
#include "config/settings.hpp"

namespace belfry::app {

// A text that is expected: as it is, or a pattern between slashes.
struct ExpectedText {
  std::string text;
  bool pattern = false;  // `text` is RE2, without its slashes
};

struct ExpectedDelivery {
  config::Position at;
  std::string sink;
  std::optional<ExpectedText> to, route, title, body;
  std::optional<base::Millis> due_in, digest_in;  // from now, to the second
  std::optional<std::vector<std::string>> fallback;
};

struct Case {
  std::string name;
  config::Position at;
  std::filesystem::path payload;                    // empty: `notification`
  std::optional<model::Notification> notification;  // without id and time
  std::string source;
  std::optional<base::Timestamp> time;                      // when it comes; none: now
  std::optional<ExpectedText> dropped;                      // the reason
  std::optional<std::vector<ExpectedDelivery>> deliveries;  // all of them, in order
};

struct CaseFile {
  std::vector<Case> cases;
  std::vector<config::Problem> problems;
};

[[nodiscard]] CaseFile read_cases(const std::filesystem::path& file, const config::Environment& environment);

// What does not hold, each at its place; empty: the case holds.
[[nodiscard]] std::vector<config::Problem> run_case(const Case& wanted, const DryRun& configuration);

}  // namespace belfry::app
