// Checks secrets as people enter them in a file, a variable or the configuration. Messages never quote the secret. Pure.
// Thread rule: any thread.
#pragma once
#include <string>
#include <string_view>

namespace belfry::base {

// Removes accidental characters: a byte order mark, and surrounding white space and blank lines.
[[nodiscard]] std::string_view trimmed_secret(std::string_view text);

// Returns why a trimmed secret is unusable, such as "contains a line break; ...". Control characters and invisible characters make it
// unusable as well. Empty if it is usable.
[[nodiscard]] std::string secret_error(std::string_view secret);

// Returns why a trimmed secret looks like something else: "is wrapped in quotes, ..." or "has the form NAME=VALUE; ...". Empty if it looks
// like a secret.
[[nodiscard]] std::string secret_warning(std::string_view secret);

}  // namespace belfry::base
