// The errors, warnings and notes of a sink about its configuration, from configure() and from an online check.
#pragma once
#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "belfry/plugin.h"

namespace belfry::sdk {

// `text` and `remedy` are sentences without a period at the end; neither may contain secrets.
struct Finding {
  enum class Severity : std::uint32_t {
    error = BELFRY_FINDING_ERROR,      // deliveries will fail; from configure(): the configuration is refused
    warning = BELFRY_FINDING_WARNING,  // something will not work as well as it could
    note = BELFRY_FINDING_NOTE,        // for information: something is in order, or cannot be checked
  };
  Severity severity = Severity::error;
  std::string pointer;  // RFC 6901: "/lookup/cache"; empty: the whole configuration
  std::string text;
  std::string remedy{};  // how to fix it; empty: nothing needs to be done

  bool operator==(const Finding&) const = default;
};

// The host keeps the first BELFRY_MAX_FINDINGS. `at` is the pointer.
class Findings : public std::vector<Finding> {
 public:
  using std::vector<Finding>::vector;

  void error(std::string at, std::string text, std::string remedy = {}) {
    push_back({Finding::Severity::error, std::move(at), std::move(text), std::move(remedy)});
  }
  void warning(std::string at, std::string text, std::string remedy = {}) {
    push_back({Finding::Severity::warning, std::move(at), std::move(text), std::move(remedy)});
  }
  void note(std::string at, std::string text, std::string remedy = {}) {
    push_back({Finding::Severity::note, std::move(at), std::move(text), std::move(remedy)});
  }
  [[nodiscard]] bool has_errors() const {
    return std::any_of(begin(), end(), [](const Finding& finding) { return finding.severity == Finding::Severity::error; });
  }
};

}  // namespace belfry::sdk
