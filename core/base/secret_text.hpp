// A secret as a person has put it into a file, a variable or a configuration. The messages never quote it.
// Functions of their arguments only: any thread.
#pragma once
#include <string>
#include <string_view>

namespace belfry::base {

// Without what can only be there by accident: a byte order mark, and white space and blank lines around it.
[[nodiscard]] std::string_view trimmed_secret(std::string_view text);

// What makes a trimmed secret unusable: "contains a line break; ..." for a line break, a control character, or a character that nobody can
// see. Empty: nothing does.
[[nodiscard]] std::string secret_fault(std::string_view secret);

// What a trimmed secret looks like instead: "stands in quotes; ..." or "has the form NAME=VALUE; ...". Empty: like a secret.
[[nodiscard]] std::string secret_doubt(std::string_view secret);

}  // namespace belfry::base
