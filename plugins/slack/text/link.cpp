#include "slack/text/link.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>
#include <vector>

#include "slack/text/authority.hpp"
#include "slack/text/text.hpp"

namespace belfry::slack {
namespace {

bool is_alnum(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }
bool is_hex(char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; }

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

// RFC 3986, section 3.1, in lower case; empty if the text does not begin with a scheme.
std::string scheme_of(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || !std::isalpha(static_cast<unsigned char>(text[0]))) return {};
  const std::string_view scheme = text.substr(0, colon);
  const auto valid = [](char c) { return is_alnum(c) || c == '+' || c == '-' || c == '.'; };
  return std::ranges::all_of(scheme, valid) ? lower(scheme) : std::string();
}

// Keeps the unreserved and reserved characters of RFC 3986. A '%' that does not begin an escape is encoded.
std::string percent_encode(std::string_view url) {
  constexpr std::string_view kKept = "-._~:/?#[]@!$&'()*+,;=";
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (std::size_t i = 0; i < url.size(); ++i) {
    const char c = url[i];
    const bool escape = c == '%' && i + 2 < url.size() && is_hex(url[i + 1]) && is_hex(url[i + 2]);
    if (is_alnum(c) || escape || kKept.contains(c)) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += {'%', kDigits[byte >> 4], kDigits[byte & 0xF]};
    }
  }
  return out;
}

std::string resolve(std::string_view relative, std::string_view base) {
  const std::size_t authority_end = std::min(base.find('/', base.find("//") + 2), base.size());
  if (relative.starts_with('/')) return std::string(base.substr(0, authority_end)).append(relative);
  std::string out(base);
  if (!out.ends_with('/')) out += '/';
  return out.append(relative);
}

// Text that begins like a sentence is not a URL. Beyond the first segment anything is accepted, since templates leave all sorts of text.
bool is_relative(std::string_view raw) {
  const std::string_view begin = raw.substr(0, raw.find_first_of("/?#"));
  return !raw.empty() && !raw.starts_with("//") && !raw.starts_with('\\') && begin.find_first_of(" \t<>\"") == std::string_view::npos;
}

// The host, normalized for comparison: "bank.example" for "Bank.Example.:443".
std::string host_of(std::string_view authority) {
  std::string_view host = authority.substr(0, authority.find(':', authority.starts_with('[') ? authority.find(']') : 0));
  while (host.ends_with('.')) host.remove_suffix(1);
  return lower(percent_encode(host));
}

bool is_of_host(char c) { return is_alnum(c) || c == '.' || c == '-' || c == '_' || (c & 0x80) != 0; }
bool is_of_address(char c) { return is_of_host(c) || std::string_view(":/@%~[]").contains(c); }

// True for two or more labels, the last of which could be a top-level domain.
bool is_like_host(std::string_view text) {
  while (text.ends_with('.')) text.remove_suffix(1);
  const std::size_t dot = text.rfind('.');
  if (dot == std::string_view::npos) return false;
  const std::string_view top = text.substr(dot + 1);
  const auto is_letter = [](unsigned char c) { return std::isalpha(c) != 0 || c >= 0x80; };
  return top.size() >= 2 && (std::ranges::all_of(top, is_letter) || lower(top).starts_with("xn--"));
}

// The part that readers take for the host of a word without a scheme: "bank.example" in "(bank.example:443/login". Empty: none.
std::string_view leading_host(std::string_view word) {
  word.remove_prefix(std::min(word.find_first_not_of(":/@%~[].-_"), word.size()));
  const std::size_t slash = word.find('/');
  if (slash == std::string_view::npos) return {};
  std::string_view host = word.substr(0, slash);
  const std::size_t colon = host.find_last_not_of("0123456789");
  if (colon != std::string_view::npos && host[colon] == ':') host = host.substr(0, colon);
  host.remove_prefix(host.rfind(':') + 1);
  return is_like_host(host) ? host : std::string_view();
}

// All authorities visible in a word of a label.
std::vector<std::string_view> shown_authorities(std::string_view word) {
  std::vector<std::string_view> shown;
  const auto add = [&shown](std::string_view from) {
    if (!from.empty()) shown.push_back(from.substr(0, from.find('/')));
  };
  for (std::size_t at = 0; (at = word.find("://", at)) != std::string_view::npos;) add(word.substr(at += 3));
  const std::string lowered = lower(word);
  for (std::size_t at = 0; (at = lowered.find("www.", at)) != std::string::npos; at += 4) {
    if (at == 0 || !is_of_host(word[at - 1])) add(word.substr(at));
  }
  add(leading_host(word));
  return shown;
}

// True for scripts without spaces between words. After an ASCII letter or digit, such a character begins a word of the sentence
// ("https://a.example/bを"); after a slash or another such character it belongs to the URL ("https://ja.example/wiki/日本").
bool needs_no_spaces(char32_t c) {
  constexpr std::array<std::pair<char32_t, char32_t>, 9> kScripts = {{{0x0E00, 0x0EFF},      // Thai, Lao
                                                                      {0x1000, 0x109F},      // Myanmar
                                                                      {0x1100, 0x11FF},      // Hangul letters
                                                                      {0x1780, 0x17FF},      // Khmer
                                                                      {0x3040, 0x312F},      // kana, Bopomofo
                                                                      {0x3400, 0x9FFF},      // Han
                                                                      {0xAC00, 0xD7AF},      // Hangul
                                                                      {0xF900, 0xFAFF},      // Han
                                                                      {0x20000, 0x3FFFF}}};  // Han
  return (c >= 0xFF66 && c <= 0xFF9F) ||                                                     // half-width kana
         std::ranges::any_of(kScripts, [c](const auto& script) { return c >= script.first && c <= script.second; });
}

// The end of the URL-like word that begins at `at`.
std::size_t end_of_address(std::string_view text, std::size_t at) {
  while (at < text.size()) {
    const CodePoint c = decode(text, at);
    if (ends_address(c.value) || std::string_view("<>\"`").contains(text[at])) break;
    if (at > 0 && is_alnum(text[at - 1]) && needs_no_spaces(c.value)) break;
    at += c.bytes;
  }
  return at;
}

}  // namespace

bool is_web_url(std::string_view safe) { return safe.starts_with("http://") || safe.starts_with("https://"); }

std::optional<std::string> safe_url(std::string_view raw, std::string_view base) {
  // Blanks are encoded rather than refused, because a template without a value leaves "<no value>" in an otherwise valid URL.
  if (raw.size() > kUrlLimit) return std::nullopt;
  std::string url = clean_line(raw, kUrlLimit);
  std::string scheme = scheme_of(url);
  if (scheme.empty()) {
    if (base.empty() || !is_relative(url)) return std::nullopt;
    url = resolve(url, base);
    scheme = scheme_of(url);
  }
  const std::string rest = url.substr(scheme.size() + 1);
  if (scheme == "http" || scheme == "https") {
    if (!rest.starts_with("//") || !is_authority(authority_of(rest))) return std::nullopt;
  } else if (scheme != "mailto" || rest.empty()) {
    return std::nullopt;
  }
  std::string safe = scheme + ":" + percent_encode(rest);
  if (safe.size() > kUrlLimit) return std::nullopt;
  return safe;
}

bool names_another_host(std::string_view label, std::string_view safe) {
  const std::string host = host_of(authority_of(safe));
  // An authority with a user name is never the link's, because safe_url() refuses those.
  const auto is_another = [&host](std::string_view authority) { return authority.contains('@') || host_of(authority) != host; };
  while (!label.empty()) {
    const auto end = static_cast<std::size_t>(std::ranges::find_if_not(label, is_of_address) - label.begin());
    if (std::ranges::any_of(shown_authorities(label.substr(0, end)), is_another)) return true;
    label.remove_prefix(std::min(end + 1, label.size()));
  }
  return false;
}

std::optional<BareUrl> find_bare_url(std::string_view text) {
  std::size_t at = 0;
  while ((at = text.find("http", at)) != std::string_view::npos) {
    if (!is_web_url(text.substr(at)) || (at > 0 && is_alnum(text[at - 1]))) {
      at += 4;
      continue;
    }
    const std::string_view word = text.substr(at, end_of_address(text, at) - at);
    std::string_view url = word;
    auto unopened = std::ranges::count(url, ')') - std::ranges::count(url, '(');
    const auto is_punctuation = [&](char c) { return std::string_view(".,;:!?'*_~]}").contains(c) || (c == ')' && unopened-- > 0); };
    while (!url.empty() && is_punctuation(url.back())) url.remove_suffix(1);
    if (safe_url(url, {})) return BareUrl{at, at + url.size()};
    at += word.size();
  }
  return std::nullopt;
}

}  // namespace belfry::slack
