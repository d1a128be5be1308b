// Text of a stranger made fit for logs, metrics and the store.
#pragma once
#include <string>
#include <string_view>

namespace belfry::plugin {

// Valid UTF-8 on one line: what is not UTF-8 becomes U+FFFD, control characters become spaces. At most `most` bytes, cut between
// characters.
[[nodiscard]] std::string clean_text(std::string_view text, std::size_t most);

}  // namespace belfry::plugin
