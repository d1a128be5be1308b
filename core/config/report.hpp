// Collects the problems of one file.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.hpp"

namespace belfry::config {

// A place in the file; both count from 1, columns in bytes. Line 0: no particular place.
struct Mark {
  int line = 0;
  int column = 0;
  bool operator==(const Mark&) const = default;
};

class Report {
 public:
  explicit Report(std::string file) : file_(std::move(file)) {}

  void error(Mark at, std::string text) { add(Problem::Severity::error, at, std::move(text)); }
  void warning(Mark at, std::string text) { add(Problem::Severity::warning, at, std::move(text)); }

  [[nodiscard]] bool has_errors() const { return errors_ > 0; }
  [[nodiscard]] std::size_t errors() const { return errors_; }
  [[nodiscard]] const std::string& file() const { return file_; }
  // Ordered by place.
  [[nodiscard]] std::vector<Problem> take();

 private:
  void add(Problem::Severity severity, Mark at, std::string text);

  std::string file_;
  std::size_t errors_ = 0;
  std::vector<Problem> problems_;
};

// `text` in quotes, fit for one line of a message: control characters replaced, cut after 60 bytes.
[[nodiscard]] std::string in_quotes(std::string_view text);

}  // namespace belfry::config
