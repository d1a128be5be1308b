// Rules for text that operators enter.
// Thread rule: pure.
#pragma once
#include <string>
#include <string_view>

namespace belfry::api {

inline constexpr std::size_t kMaxReason = 500;  // bytes of the reason that an operator states
inline constexpr std::size_t kMaxId = 256;      // bytes of an id of a notification or a delivery

// Why the text cannot be used, a clause without a subject: "contains a control character"; empty: it can.
[[nodiscard]] std::string text_problem(std::string_view text);
// The same for text with line breaks.
[[nodiscard]] std::string lines_problem(std::string_view text);
// Replaces control characters and bytes that are not UTF-8 with question marks.
[[nodiscard]] std::string printable(std::string_view text);
// Whether the text has the form of one e-mail address.
[[nodiscard]] bool is_email(std::string_view text);
// Why the parameter `to` cannot be used, one sentence.
[[nodiscard]] std::string email_problem(std::string_view text);

}  // namespace belfry::api
