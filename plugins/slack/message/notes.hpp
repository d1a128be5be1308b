// Text of Belfry's own in a message: notes about the message itself, its footer and its preamble. Short trusted mrkdwn; the notes of a
// message take at most kNotesTotal together. Pure functions; any thread.
#pragma once
#include <belfry/sdk.hpp>
#include <string>
#include <string_view>

#include "slack/message/payload.hpp"

namespace belfry::slack {

inline constexpr std::string_view kRepeatNote = "This may be a repeat: it is not certain that an earlier attempt failed.";

[[nodiscard]] std::string omitted_note(std::size_t count, const std::string& what);
// Includes a link to where the full text may be: the first action with a web URL that fits.
[[nodiscard]] std::string shortened_note(const Item& item, const RenderOptions& options);
// The kind of event and its time, in the reader's time zone. Empty if `options` omits it.
[[nodiscard]] std::string footer(const Message& message, const RenderOptions& options);

// "For Esme Gitane", clean but not escaped; empty if the preamble has no name.
[[nodiscard]] std::string for_person(const Preamble& preamble);
[[nodiscard]] std::string preamble_line(const Preamble& preamble);

}  // namespace belfry::slack
