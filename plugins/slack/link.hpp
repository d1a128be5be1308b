// What may become a link: http, https and mailto addresses, in a form that Slack takes and that cannot break out of <url|label>.
// Functions of their arguments only: any thread.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace belfry::slack {

// Slack: a button's url is at most 3000 characters (docs.slack.dev, button element).
inline constexpr std::size_t kUrlLimit = 3000;

// An absolute address with everything percent-encoded that Slack refuses or that has a meaning in mrkdwn. A relative address is resolved
// against `base` (the address of the Coder deployment; empty: none). Nothing for other schemes, for an address that carries a user name
// ("https://slack.com@elsewhere") or whose host or port is none, and for what is longer than kUrlLimit.
[[nodiscard]] std::optional<std::string> safe_url(std::string_view raw, std::string_view base);

[[nodiscard]] bool is_web_url(std::string_view safe);  // http or https

// Whether a label shows another host than its link leads to: after "://" of any scheme, from "www." on, or as "host.tld/" at the front of a
// word. What only might be an address ("README.md", "v1.2/3") is none.
[[nodiscard]] bool names_another_host(std::string_view label, std::string_view safe);

// The first bare http(s) address in clean text: where it begins and ends, without the punctuation of the sentence around it.
struct BareUrl {
  std::size_t begin = 0;
  std::size_t end = 0;
};
[[nodiscard]] std::optional<BareUrl> find_bare_url(std::string_view text);

}  // namespace belfry::slack
