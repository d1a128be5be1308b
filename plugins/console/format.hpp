// A message as the console sink prints it. Functions of their arguments only: any thread.
//
// Safe to look at in a terminal: control characters, direction overrides and bytes that are no UTF-8 are shown as \x1b or \u202e. The
// text of a sensitive message is not shown.
#pragma once
#include <belfry/sdk.hpp>
#include <string>

namespace belfry::console {

// A block of lines for people, ending with an empty line.
[[nodiscard]] std::string as_text(const Message& message);

// The document (sdk/message.schema.json) on one line.
[[nodiscard]] std::string as_json(const Message& message);

}  // namespace belfry::console
