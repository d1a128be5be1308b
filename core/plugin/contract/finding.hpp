// A finding about a sink's configuration: its location and one sentence, which includes the fix if there is one. A value. This is the one
// place that converts the findings of plugins.
#pragma once
#include <belfry/plugin.h>

#include <optional>
#include <string>
#include <vector>

#include "base/secret.hpp"

namespace belfry::plugin {

struct Finding {
  enum class Severity { error, warning, note };  // a note confirms that something is in order, or cannot be checked
  Severity severity = Severity::error;
  std::string pointer;  // RFC 6901, relative to the sink's `config`; empty: the configuration as a whole
  std::string text;

  bool operator==(const Finding&) const = default;
};

[[nodiscard]] bool has_error(const std::vector<Finding>& problems);

struct DecodedFinding {
  std::optional<Finding> finding;  // none: there is nothing to convert
  std::string defect;              // one sentence; empty: none
};

// `raw` may be null. An unknown severity becomes a warning, and the remedy is appended to the text. All three texts are scrubbed, valid
// UTF-8 on one line, and cut at BELFRY_MAX_FINDING_TEXT_BYTES. Pure.
[[nodiscard]] DecodedFinding decode_finding(const belfry_finding* raw, const base::Scrubber& scrubber);

// Receives the findings that a plugin reports during one call, at most BELFRY_MAX_FINDINGS. Lives for that call; `scrubber` outlives it.
class FindingCollector {
 public:
  explicit FindingCollector(const base::Scrubber& scrubber) : scrubber_(scrubber), receiver_{this, &FindingCollector::add} {}
  FindingCollector(const FindingCollector&) = delete;
  FindingCollector& operator=(const FindingCollector&) = delete;

  [[nodiscard]] const belfry_findings* receiver() const { return &receiver_; }
  [[nodiscard]] const std::vector<Finding>& findings() const { return findings_; }
  [[nodiscard]] const std::string& defect() const { return defect_; }  // the first; one sentence, or empty

 private:
  static belfry_status add(void* ctx, const belfry_finding* finding) noexcept;
  [[nodiscard]] bool take(const belfry_finding* raw);

  const base::Scrubber& scrubber_;
  belfry_findings receiver_;
  std::vector<Finding> findings_;
  std::string defect_;
};

// The findings of a configure() that returned `status`. The configuration is accepted unless one of the result is an error: a refusal
// without an error gets one that contains the status.
[[nodiscard]] std::vector<Finding> configure_findings(belfry_status status, std::vector<Finding> reported);

}  // namespace belfry::plugin
