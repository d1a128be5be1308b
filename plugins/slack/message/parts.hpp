// The parts of a message before they become blocks or text: title, severity, body, actions.
// Pure functions; any thread.
#pragma once
#include <belfry/sdk.hpp>
#include <string>
#include <vector>

#include "slack/message/payload.hpp"
#include "slack/text/document.hpp"

namespace belfry::slack {

// Code points read of a title, name or body. Bounded, so that a megabyte of Markdown does not block the strand.
inline constexpr std::size_t kReadLimit = 12'000;

// Slack's limits (docs.slack.dev, block reference). For kTotalLimit see payload.hpp.
inline constexpr std::size_t kElementLimit = 25;
inline constexpr std::size_t kTotalLimit = 10'000;

// Belfry's own limits.
inline constexpr std::size_t kNotesTotal = 1'200;  // reserved for notes about the message itself
inline constexpr std::size_t kActionsTotal = 4'000;
inline constexpr std::size_t kMaxActions = 2 * kElementLimit;
inline constexpr std::size_t kTitleLimit = 300;  // outside the header

[[nodiscard]] std::string title_of(const Item& item);
[[nodiscard]] std::string title_of(const Message& message);  // digest: the number of notifications
// The text of the header: a notification's title after the symbol of its severity.
[[nodiscard]] std::string headline(const Message& message, const RenderOptions& options);
[[nodiscard]] std::string label_of(const Action& action);

struct Severity {
  std::string_view symbol;  // the shapes differ, because some readers cannot distinguish the colours
  std::string_view name;
};
// Empty if the notification has none, or if `options` omits it.
[[nodiscard]] Severity severity_of(const Item& item, const RenderOptions& options);

struct Body {
  Document document;
  bool cut = false;  // only part of the text was read
};
[[nodiscard]] Body body_of(const Item& item, const RenderOptions& options);
[[nodiscard]] std::string plain_body_of(const Item& item);

struct Button {
  std::string label;
  std::string url;
};

// The actions of one notification: buttons where Slack accepts them, otherwise lines of text.
struct Actions {
  std::vector<Button> buttons;
  Document lines;
  std::size_t size = 0;  // length of all their text
  std::size_t omitted = 0;
};
[[nodiscard]] Actions actions_of(const Item& item, const RenderOptions& options, std::size_t limit);

// One notification of a digest, or of a message without blocks: its title is a line and its actions are links.
struct Entry {
  Body body;
  Actions actions;
};
[[nodiscard]] Entry entry_of(const Item& item, const RenderOptions& options, std::size_t limit);

}  // namespace belfry::slack
