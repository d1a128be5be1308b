// Values that must never be shown, and the filter that keeps them out of what is shown.
#pragma once
#include <memory>
#include <set>
#include <shared_mutex>
#include <string>
#include <string_view>

namespace belfry::base {

// A string that cannot be printed or compared by accident; its memory is wiped when it goes.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept : value_(std::move(other.value_)) { other.wipe(); }
  Secret& operator=(const Secret& other);
  Secret& operator=(Secret&& other) noexcept;
  ~Secret() { wipe(); }

  [[nodiscard]] const std::string& reveal() const { return value_; }
  [[nodiscard]] bool empty() const { return value_.empty(); }

 private:
  void wipe();
  std::string value_;
};

// True when both are equal; the time taken depends on the lengths only.
[[nodiscard]] bool constant_time_equal(std::string_view a, std::string_view b);

// Knows every secret value the process has read and replaces it by "***" in text that leaves the process.
// Values shorter than 6 characters are not learned: replacing them would garble ordinary text.
// Thread rule: any thread.
class Scrubber {
 public:
  void learn(std::string_view value);
  [[nodiscard]] std::string scrub(std::string text) const;

 private:
  // A secret that begins with another one must go as a whole.
  struct LongestFirst {
    bool operator()(const std::string& a, const std::string& b) const { return a.size() != b.size() ? a.size() > b.size() : a < b; }
  };

  mutable std::shared_mutex mutex_;
  std::set<std::string, LongestFirst> values_;
};

}  // namespace belfry::base
