// Values that must never be shown, and the filter that removes them from output.
#pragma once
#include <memory>
#include <set>
#include <shared_mutex>
#include <string>
#include <string_view>

namespace belfry::base {

// A string that cannot be printed or compared by accident. Its memory is wiped on destruction.
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

// Whether both are equal. The time taken depends on the lengths only.
[[nodiscard]] bool constant_time_equal(std::string_view a, std::string_view b);

// Collects the secret values that the process reads, and replaces them with "***" in text that leaves the process.
// Ignores values shorter than 6 characters: replacing them would garble ordinary text.
// Thread rule: any thread.
class Scrubber {
 public:
  void add_secret(std::string_view value);
  [[nodiscard]] std::string scrub(std::string text) const;

 private:
  // A secret that begins with another secret must be replaced as a whole.
  struct LongestFirst {
    bool operator()(const std::string& a, const std::string& b) const { return a.size() != b.size() ? a.size() > b.size() : a < b; }
  };

  mutable std::shared_mutex mutex_;
  std::set<std::string, LongestFirst> values_;
};

}  // namespace belfry::base
