// Sanitizes untrusted text for logs, metrics and the store.
#pragma once
#include <string>
#include <string_view>

namespace belfry::plugin {

// Returns valid UTF-8 on one line: invalid bytes become U+FFFD, control characters become spaces. At most `max_bytes` bytes, cut between
// characters.
[[nodiscard]] std::string clean_text(std::string_view text, std::size_t max_bytes);

}  // namespace belfry::plugin
