// Sentences with untrusted text in them.
// Thread rule: any thread.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "model/delivery.hpp"

namespace belfry::why {

inline constexpr std::size_t kMaxDetail = 300;  // bytes of a detail
inline constexpr std::size_t kMaxName = 100;    // bytes of an id, a name or an address

// Returns valid UTF-8 on one line: invalid bytes become U+FFFD; control characters and characters that change the direction of text or
// are invisible become spaces. A text over `max_bytes` is cut between characters, and ends with "...".
[[nodiscard]] std::string quoted(std::string_view text, std::size_t max_bytes);

// "slack to bobby@coder.com"
[[nodiscard]] std::string target_name(const std::string& sink, std::string_view address);

// The detail of a decision on a target: "slack direct:bobby@coder.com: more than 5 within 1h".
struct TargetDetail {
  std::string target;  // "slack to bobby@coder.com"; empty: the detail names no target
  std::string sink;
  std::string rest;  // "more than 5 within 1h"
};
[[nodiscard]] TargetDetail target_detail(const std::string& detail);

// Whether the detail begins with the target of `delivery`; the rest of it after that.
[[nodiscard]] bool names_target(const std::string& detail, const model::Delivery& delivery);
[[nodiscard]] std::string after_target(const std::string& detail, const model::Delivery& delivery);

// Joins sentences; each begins with a capital letter, unless it begins with a name, and ends with a full stop.
class Paragraph {
 public:
  // `sentence` may lack its full stop. Empty: none.
  void add(std::string sentence);
  void add_all(const Paragraph& other);
  // Before the first sentence: "slack to bobby@coder.com: ".
  void begin_with(const std::string& label);

  [[nodiscard]] bool empty() const { return sentences_.empty(); }
  [[nodiscard]] std::string text() const;

 private:
  std::vector<std::string> sentences_;
};

[[nodiscard]] std::string capitalized(std::string text);

}  // namespace belfry::why
