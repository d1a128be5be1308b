// What a message is made of, before it is blocks or text: title, severity, text, actions, notes.
// Functions of their arguments only: any thread.
#pragma once
#include <belfry/sdk.hpp>
#include <string>
#include <vector>

#include "slack/document.hpp"
#include "slack/payload.hpp"

namespace belfry::slack {

// Slack: docs.slack.dev, block reference. Of the total see payload.hpp.
inline constexpr std::size_t kElementLimit = 25;
inline constexpr std::size_t kTotalLimit = 10'000;

// Ours.
inline constexpr std::size_t kNotesTotal = 1'200;  // kept free for what the message says about itself
inline constexpr std::size_t kActionsTotal = 4'000;
inline constexpr std::size_t kMostActions = 2 * kElementLimit;
inline constexpr std::size_t kTitleLimit = 300;  // where it is no header

[[nodiscard]] std::string title_of(const Item& item);
[[nodiscard]] std::string title_of(const Message& message);  // of a digest: how many there are
// What stands in the header: a notification's title after the picture of its severity.
[[nodiscard]] std::string headline(const Message& message, const Look& look);
[[nodiscard]] std::string label_of(const Action& action);

struct Severity {
  std::string_view symbol;  // each has a shape of its own: colour alone tells some readers nothing
  std::string_view word;
};
// Empty when the notification has none, and when they are not to be shown.
[[nodiscard]] Severity severity_of(const Item& item, const Look& look);

struct Body {
  Document document;
  bool cut = false;  // not all was read
};
[[nodiscard]] Body body_of(const Item& item, const Look& look);
[[nodiscard]] std::string plain_body_of(const Item& item);

struct Button {
  std::string label;
  std::string url;
};

// The actions of one notification: buttons where Slack takes them, lines of text for the others.
struct Actions {
  std::vector<Button> buttons;
  Document lines;
  std::size_t size = 0;  // of all their text
  std::size_t left_out = 0;
};
[[nodiscard]] Actions actions_of(const Item& item, const Look& look, std::size_t limit);

// One notification among others, or without blocks: its title is a line and its actions are links.
struct Entry {
  Body body;
  Actions actions;
};
[[nodiscard]] Entry entry_of(const Item& item, const Look& look, std::size_t limit);

// ---- What the message says about itself: short mrkdwn of ours, at most kNotesTotal together.

inline constexpr std::string_view kRepeatNote = "This may be a repeat: it is not certain that an earlier attempt failed.";

[[nodiscard]] std::string left_out_note(std::size_t count, const std::string& what);
// With a link to where the whole of it may be: the first action's web address for which there is room.
[[nodiscard]] std::string shortened_note(const Item& item, const Look& look);
// What happened and when, in the reader's own time zone. Empty when it is not to be shown.
[[nodiscard]] std::string footer(const Message& message, const Look& look);

// "For Esme Gitane", clean but not escaped; empty: nobody is named.
[[nodiscard]] std::string for_person(const Frame& frame);
[[nodiscard]] std::string frame_line(const Frame& frame);

}  // namespace belfry::slack
