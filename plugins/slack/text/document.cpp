#include "slack/text/document.hpp"

#include <algorithm>
#include <utility>

#include "slack/text/authority.hpp"
#include "slack/text/layout.hpp"
#include "slack/text/link.hpp"
#include "slack/text/text.hpp"

namespace belfry::slack {
namespace {

// A link is never split across two blocks (3000), so its URL and label must fit into one, along with list and quote marks (76). Each "*" in
// the label may take 3.
constexpr std::size_t kEscapedUrlLimit = 2650;
constexpr std::size_t kEscapedLabelLimit = 250;
constexpr std::size_t kShownUrlLimit = 300;  // of an address that is not a link
constexpr std::string_view kLeftOut = "(the address is too long for Slack)";

bool fits_in_link(std::string_view url) { return escape(url).size() <= kEscapedUrlLimit; }

// The visible text of a link. Never part of an address, because readers would take it for the whole.
std::string link_label(std::string_view label, std::string_view url) {
  const auto fits = [](std::string_view text) { return escape(text).size() <= kEscapedLabelLimit; };
  std::string shown(label.empty() || names_another_host(label, url) ? url : label);
  if (fits(shown)) return shown;
  for (std::size_t limit = kEscapedLabelLimit; limit > 0; limit = limit * 2 / 3) {
    const std::string part = shorten(shown, limit);
    if (part != kEllipsis && fits(part)) return part;
  }
  std::string host = is_web_url(url) ? "Link to " + std::string(authority_of(url)) : "Link";
  return fits(host) ? host : "Link";
}

}  // namespace

void add_text(std::vector<Span>& spans, std::string_view text, Style style, std::string_view url) {
  if (text.empty()) return;
  if (!spans.empty() && spans.back().style == style && spans.back().url == url) {
    spans.back().text += text;
  } else {
    spans.push_back({std::string(text), style, std::string(url)});
  }
}

// Slack does not detect bare URLs itself in text objects with `verbatim: true`.
void add_text_with_links(std::vector<Span>& spans, std::string_view text, Style style) {
  while (const auto found = find_bare_url(text)) {
    const std::string_view url = text.substr(found->begin, found->end - found->begin);
    add_text(spans, text.substr(0, found->begin), style);
    for (const Span& span : link_spans(url, url, {})) add_text(spans, span.text, style, span.url);
    text.remove_prefix(found->end);
  }
  add_text(spans, text, style);
}

Document parse_markdown(std::string_view clean, std::string_view base_url) {
  Layout layout(base_url, clean.contains('&'));
  return markdown::read(clean, layout) ? layout.take() : parse_plain(clean);
}

Document parse_plain(std::string_view clean) {
  Document document;
  bool gap = false;
  while (!clean.empty()) {
    const std::size_t end = std::min(clean.find('\n'), clean.size());
    const std::string_view text = clean.substr(0, end);
    clean.remove_prefix(std::min(end + 1, clean.size()));
    if (is_blank(text)) {
      gap = !document.empty();
      continue;
    }
    document.push_back({.gap = std::exchange(gap, false) ? Gap::blank : Gap::none});
    add_text_with_links(document.back().spans, text, {});
  }
  return document;
}

std::vector<Span> link_spans(std::string_view label, std::string_view raw_url, std::string_view base_url) {
  const auto url = safe_url(raw_url, base_url);
  if (url && fits_in_link(*url)) {
    return {{link_label(label, *url), {}, *url}};
  }
  const std::string address = shown_address(raw_url);
  if (label.empty() || label == raw_url || label == address) return {{address, {}, {}}};
  if (address.empty()) return {{std::string(label), {}, {}}};
  return {{std::string(label) + (address == kLeftOut ? " " : ": ") + address, {}, {}}};
}

std::string shown_address(std::string_view raw_url) {
  std::string address = clean_line(raw_url, kShownUrlLimit + 1);
  return length(address) > kShownUrlLimit ? std::string(kLeftOut) : address;
}

}  // namespace belfry::slack
