// Decides what becomes a link: http, https and mailto URLs, encoded so that Slack accepts them and they cannot break out of <url|label>.
// Pure functions; any thread.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace belfry::slack {

// Slack: a button's url is at most 3000 characters (docs.slack.dev, button element).
inline constexpr std::size_t kUrlLimit = 3000;

// Returns an absolute URL, with every character percent-encoded that Slack refuses or that has a meaning in mrkdwn. A relative URL is
// resolved against `base` (the URL of the Coder deployment; empty: not resolved). Returns nullopt for other schemes, for a URL with a user
// name ("https://slack.com@elsewhere") or an invalid host or port, and above kUrlLimit.
[[nodiscard]] std::optional<std::string> safe_url(std::string_view raw, std::string_view base);

[[nodiscard]] bool is_web_url(std::string_view safe);  // http or https

// True if a label shows a host other than its link's: after "://" of any scheme, from "www." on, or as "host.tld/" at the start of a word.
// Text that merely resembles an address ("README.md", "v1.2/3") does not count.
[[nodiscard]] bool names_another_host(std::string_view label, std::string_view safe);

// The byte range of the first bare http(s) URL in clean text, without the punctuation of the surrounding sentence.
struct BareUrl {
  std::size_t begin = 0;
  std::size_t end = 0;
};
[[nodiscard]] std::optional<BareUrl> find_bare_url(std::string_view text);

}  // namespace belfry::slack
