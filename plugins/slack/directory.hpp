// Which Slack user an e-mail address belongs to, as far as it was asked lately. Bounded in size; not thread-safe: the strand of the sink.
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

// The form in which Slack and Coder agree about an address: without blanks around it, lower case (ASCII). Empty when there is none.
[[nodiscard]] std::string normal_email(std::string_view email);

class Directory {
 public:
  struct Entry {
    std::string user;  // empty: Slack knows nobody with this address
    Millis until{};    // Unix time

    bool operator==(const Entry&) const = default;
  };

  static constexpr std::size_t kMostEntries = 10'000;

  Directory(Millis found_for, Millis missing_for) : found_for_(found_for), missing_for_(missing_for) {}

  // What is still true at `now`; nothing when it has to be asked.
  [[nodiscard]] std::optional<Entry> find(const std::string& email, Millis now);

  const Entry& found(const std::string& email, std::string user, Millis now);
  const Entry& missing(const std::string& email, Millis now);
  void forget(const std::string& email) { entries_.erase(email); }

  // An entry that was kept across a restart. Ignored when it is malformed or too old for the present times.
  void restore(const std::string& email, std::string_view kept, Millis now);
  [[nodiscard]] static std::string keep(const Entry& entry);

  [[nodiscard]] bool full() const { return entries_.size() >= kMostEntries; }

 private:
  void make_room(Millis now);

  Millis found_for_;
  Millis missing_for_;
  std::unordered_map<std::string, Entry> entries_;
};

}  // namespace belfry::slack
