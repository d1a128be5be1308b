// Formats messages for the console sink. Pure functions; any thread.
//
// The output is safe for a terminal: control characters and direction overrides are escaped (\x1b, \u202e). The text of a sensitive message
// is masked.
#pragma once
#include <belfry/sdk.hpp>
#include <string>

namespace belfry::console {

// A human-readable block of lines, ending with an empty line.
[[nodiscard]] std::string as_text(const Message& message);

// The message document (sdk/message.schema.json) on one line.
[[nodiscard]] std::string as_json(const Message& message);

}  // namespace belfry::console
