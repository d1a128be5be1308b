// Test cases of an administrator: files that state what the configuration must make of a notification, so that rules can be kept under
// version control together with their tests. Parsed as strictly as the configuration; see docs/how-to/test-your-rules.md.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "config/values/settings.hpp"
#include "dryrun/dry_run.hpp"

namespace belfry::dryrun {

// An expected text: literal, or a pattern between slashes.
struct ExpectedText {
  std::string text;
  bool pattern = false;  // `text` is RE2, without its slashes
};

struct ExpectedDelivery {
  config::Location at;
  std::string sink;
  std::optional<ExpectedText> to, route, title, body;
  std::optional<base::Millis> due_in, digest_in;  // from now, to the second
  std::optional<std::vector<std::string>> fallback;
};

struct TestCase {
  std::string name;
  config::Location at;
  std::filesystem::path payload;                    // empty: `notification` is used
  std::optional<model::Notification> notification;  // without id and time
  std::string source;
  std::optional<base::Timestamp> time;                      // of arrival; none: now
  std::optional<ExpectedText> dropped;                      // the reason
  std::optional<std::vector<ExpectedDelivery>> deliveries;  // all of them, in order
};

struct TestCaseFile {
  std::vector<TestCase> cases;
  std::vector<config::Diagnostic> problems;
};

[[nodiscard]] TestCaseFile read_cases(const std::filesystem::path& file, const config::Environment& environment);

// The failures, each with its location; empty: the case passes.
[[nodiscard]] std::vector<config::Diagnostic> run_case(const TestCase& wanted, const DryRun& configuration);

}  // namespace belfry::dryrun
