// Caches which Slack user an e-mail address belongs to, including negative results. Bounded in size.
// Thread rule: the instance's strand.
#pragma once
#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace belfry::slack {

using Millis = std::chrono::milliseconds;

// Canonical form of an address, so that Slack's and Coder's compare equal: trimmed, in lower case (ASCII). Empty if nothing is left.
[[nodiscard]] std::string normalize_email(std::string_view email);

class UserCache {
 public:
  struct Entry {
    std::string user;  // empty: no member of the workspace has this address
    Millis until{};    // Unix time

    bool operator==(const Entry&) const = default;
  };

  static constexpr std::size_t kMaxEntries = 10'000;

  UserCache(Millis found_for, Millis missing_for) : found_for_(found_for), missing_for_(missing_for) {}

  // The entry if it is valid at `now`; nullopt if the address must be looked up.
  [[nodiscard]] std::optional<Entry> find(const std::string& email, Millis now);

  const Entry& add_found(const std::string& email, std::string user, Millis now);
  const Entry& add_missing(const std::string& email, Millis now);
  void forget(const std::string& email) { entries_.erase(email); }

  // Adds an entry that keep() serialized before a restart. Ignores malformed and expired entries; caps validity at the configured
  // durations.
  void restore(const std::string& email, std::string_view kept, Millis now);
  [[nodiscard]] static std::string keep(const Entry& entry);

  [[nodiscard]] bool full() const { return entries_.size() >= kMaxEntries; }

 private:
  void evict(Millis now);

  Millis found_for_;
  Millis missing_for_;
  std::unordered_map<std::string, Entry> entries_;
};

}  // namespace belfry::slack
