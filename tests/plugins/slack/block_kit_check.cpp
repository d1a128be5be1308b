#include "plugins/slack/block_kit_check.hpp"

#include <arpa/inet.h>

#include <regex>
#include <set>

namespace belfry::slack_test {
namespace {

using nlohmann::json;

std::string without(std::string text, const std::string& once) {
  const std::size_t at = once.empty() ? std::string::npos : text.find(once);
  return at == std::string::npos ? text : text.erase(at, once.size());
}

// Allowed only in footers, at their end.
std::string without_dates(const std::string& text) {
  static const std::regex kDates(
      "(<!date\\^[0-9]{9,11}\\^\\{date_short_pretty\\} at \\{time\\}\\|[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2} UTC>( – )?){1,2}$");
  return std::regex_replace(text, kDates, "now");
}

struct Checker {
  std::string mention;
  std::vector<std::string> problems;
  std::size_t total = 0;

  void need(bool good, const std::string& what) {
    if (!good) problems.push_back(what);
  }
};

// Decodes strictly; bytes that are not UTF-8 yield one huge value.
std::vector<std::uint32_t> decode(const std::string& text) {
  std::vector<std::uint32_t> out;
  for (std::size_t i = 0; i < text.size();) {
    const auto b = static_cast<unsigned char>(text[i]);
    const std::size_t n = b < 0x80 ? 1 : b >= 0xC2 && b < 0xE0 ? 2 : b >= 0xE0 && b < 0xF0 ? 3 : b >= 0xF0 && b < 0xF5 ? 4 : 0;
    if (n == 0 || i + n > text.size()) return {0xFFFFFFFF};
    std::uint32_t value = n == 1 ? b : n == 2 ? b & 0x1Fu : n == 3 ? b & 0xFu : b & 7u;
    for (std::size_t k = 1; k < n; ++k) {
      const auto c = static_cast<unsigned char>(text[i + k]);
      if ((c & 0xC0) != 0x80) return {0xFFFFFFFF};
      value = value << 6 | (c & 0x3Fu);
    }
    if (value >= 0xD800 && value < 0xE000) return {0xFFFFFFFF};
    out.push_back(value);
    i += n;
  }
  return out;
}

std::size_t utf16(const std::string& text) {
  std::size_t count = 0;
  for (const auto c : decode(text)) count += c > 0xFFFF ? 2 : 1;
  return count;
}

bool deceives(std::uint32_t c) {
  const auto in = [c](std::uint32_t first, std::uint32_t last) { return c >= first && c <= last; };
  return (c < 0x20 && c != '\n' && c != '\t') || in(0x7F, 0x9F) || c == 0xAD || c == 0x34F || c == 0x61C || in(0x115F, 0x1160) ||
         in(0x17B4, 0x17B5) || in(0x180B, 0x180F) || in(0x200E, 0x200F) || in(0x202A, 0x202E) || in(0x2060, 0x206F) || c == 0x3164 ||
         c == 0xFEFF || c == 0xFFA0 || in(0xFFF9, 0xFFFB) || in(0xE0000, 0xE007F) || in(0xE0100, 0xE01EF) || c > 0x10FFFF;
}

void check_characters(Checker& checker, const std::string& text, const std::string& where) {
  for (const auto c : decode(text)) {
    if (deceives(c)) return checker.problems.push_back(where + ": character " + std::to_string(c));
  }
}

bool blank(const std::string& text) { return text.find_first_not_of(" \n\t") == std::string::npos; }

void check_text(Checker& checker, const json& object, std::size_t limit, const std::string& where, bool mrkdwn_allowed) {
  if (!object.is_object() || !object.contains("text") || !object["text"].is_string())
    return checker.need(false, where + ": no text object");
  const std::string text = object["text"];
  const std::string type = object.value("type", "");
  checker.total += utf16(text);
  checker.need(utf16(text) >= 1 && utf16(text) <= limit, where + ": " + std::to_string(utf16(text)) + " long");
  checker.need(!blank(text), where + ": blank");
  check_characters(checker, text, where);
  if (type == "mrkdwn") {
    checker.need(mrkdwn_allowed, where + ": mrkdwn is not allowed here");
    checker.need(object.value("verbatim", false), where + ": not verbatim");
    checker.need(object.size() == 3, where + ": unknown keys");
    for (const std::string& problem : check_mrkdwn(without(text, checker.mention))) checker.need(false, where + ": " + problem);
  } else {
    checker.need(type == "plain_text", where + ": type " + type);
    checker.need(object.contains("emoji") && object["emoji"] == false, where + ": emoji is on");
    checker.need(object.size() == 3, where + ": unknown keys");
  }
}

bool is_address(int family, const std::string& text) {
  in6_addr address = {};
  return inet_pton(family, text.c_str(), &address) == 1;
}

// RFC 3986 without a user name, but with "_" in names; non-ASCII characters are percent-encoded.
bool is_web_url(const std::string& url) {
  static const std::regex kBegin("https?://(?:\\[([^\\]/?#]+)\\]|([^/?#:@\\[\\]]+))(?::([0-9]{0,5}))?(?=[/?#]|$)");
  static const std::regex kName("(?:[A-Za-z0-9_-]|%[89A-Fa-f][0-9A-Fa-f])+(?:\\.(?:[A-Za-z0-9_-]|%[89A-Fa-f][0-9A-Fa-f])+)*");
  static const std::regex kNumber("(.*\\.)?[0-9]+");
  const auto is_hex = [](char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; };
  for (std::size_t i = 0; i < url.size(); ++i) {
    if (url[i] < '!' || url[i] > '~' || std::string_view("<>|\"`\\{}^").contains(url[i])) return false;
    if (url[i] == '%' && (i + 2 >= url.size() || !is_hex(url[i + 1]) || !is_hex(url[i + 2]))) return false;
  }
  std::smatch parts;
  if (!std::regex_search(url, parts, kBegin, std::regex_constants::match_continuous)) return false;
  const std::string v6 = parts[1];
  const std::string name = parts[2];
  const std::string port = parts[3];
  if (!port.empty() && (std::stoi(port) < 1 || std::stoi(port) > 65535)) return false;
  if (!v6.empty()) return is_address(AF_INET6, v6);
  return std::regex_match(name, kNumber) ? is_address(AF_INET, name) : std::regex_match(name, kName);
}

void check_actions(Checker& checker, const json& block, std::set<std::string>& ids, const std::string& where) {
  const json& elements = block.at("elements");
  checker.need(!elements.empty() && elements.size() <= 25, where + ": " + std::to_string(elements.size()) + " elements");
  for (const json& button : elements) {
    checker.need(button.value("type", "") == "button", where + ": no button");
    check_text(checker, button.value("text", json()), 75, where + " button", false);
    const std::string url = button.value("url", "");
    checker.total += url.size();
    checker.need(url.size() <= 3000 && is_web_url(url), where + ": url " + url);
    const std::string id = button.value("action_id", "");
    checker.need(!id.empty() && id.size() <= 255 && ids.insert(id).second, where + ": action_id " + id);
    checker.need(button.size() == 4, where + ": unknown keys");
  }
}

void check_block(Checker& checker, const json& block, std::set<std::string>& ids, const std::string& where) {
  const std::string type = block.value("type", "");
  checker.need(block.size() == (type == "section" ? 3 : type == "divider" ? 1 : 2), where + ": unknown keys");
  if (type == "header") {
    check_text(checker, block.value("text", json()), 150, where, false);
  } else if (type == "section") {
    checker.need(block.value("expand", false), where + ": would be folded");
    check_text(checker, block.value("text", json()), 3000, where, true);
  } else if (type == "divider") {
  } else if (type == "context") {
    const json& elements = block.at("elements");
    checker.need(!elements.empty() && elements.size() <= 10, where + ": elements");
    for (json element : elements) {
      if (element.contains("text") && element["text"].is_string()) element["text"] = without_dates(element["text"]);
      check_text(checker, element, 3000, where, true);
    }
  } else if (type == "actions") {
    check_actions(checker, block, ids, where);
  } else {
    checker.need(false, where + ": type " + type);
  }
}

// Between links: only entities, and a ">" only as a quote mark.
void check_outside(std::vector<std::string>& problems, const std::string& text) {
  const auto is_entity = [](std::string_view rest) {
    return rest.starts_with("&amp;") || rest.starts_with("&lt;") || rest.starts_with("&gt;");
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '<') problems.push_back("a raw < in " + text.substr(i, 40));
    if (text[i] == '&' && !is_entity(std::string_view(text).substr(i))) {
      problems.push_back("a raw & in " + text.substr(i, 40));
    }
    const bool begins_line = i == 0 || text[i - 1] == '\n';
    if (text[i] == '>' && !(begins_line && i + 1 < text.size() && text[i + 1] == ' '))
      problems.push_back("a raw > in " + text.substr(0, i + 1));
  }
}

// In a URL only & needs an entity, because < and > do not occur.
std::string without_entities(std::string text) {
  for (std::size_t at = 0; (at = text.find("&amp;", at)) != std::string::npos; ++at) text.erase(at + 1, 4);
  return text;
}

}  // namespace

std::vector<std::string> check_mrkdwn(const std::string& text) {
  std::vector<std::string> problems;
  static const std::regex kLink("<((https?://|mailto:)[^<>| ]+)\\|([^<>]+)>");
  std::string outside;
  for (std::size_t at = 0; at < text.size();) {
    std::smatch link;
    const auto begin = text.begin() + static_cast<std::ptrdiff_t>(at);
    if (text[at] == '<' && std::regex_search(begin, text.end(), link, kLink, std::regex_constants::match_continuous)) {
      const std::string url = without_entities(link.str(1));
      if (!url.starts_with("mailto:") && !is_web_url(url)) problems.push_back("a link to " + url);
      check_outside(problems, link.str(1));
      check_outside(problems, " " + link.str(3));
      outside += "L";
      at += static_cast<std::size_t>(link.length());
    } else {
      outside += text[at++];
    }
  }
  check_outside(problems, outside);
  std::size_t fences = 0;
  for (std::size_t at = text.find("```"); at != std::string::npos; at = text.find("```", at + 3)) ++fences;
  if (fences % 2 != 0) problems.push_back("an open code block");
  return problems;
}

std::vector<std::string> check_post(const json& post, const std::string& mention) {
  Checker checker = {.mention = mention};
  static const std::set<std::string> kKnown = {"channel",      "text",         "blocks",           "mrkdwn",
                                               "unfurl_links", "unfurl_media", "unfurl_app_links", "metadata"};
  for (const auto& member : post.items()) {
    checker.need(kKnown.contains(member.key()), "unknown argument " + member.key());
    checker.need(!member.value().is_string() || !member.value().get_ref<const std::string&>().empty(), member.key() + " is empty");
  }
  const std::string text = post.value("text", "");
  checker.need(!blank(text), "text is blank");
  checker.need(utf16(text) <= 4000, "text is " + std::to_string(utf16(text)) + " long");
  check_characters(checker, text, "text");
  if (post.value("mrkdwn", true)) {
    for (const std::string& problem : check_mrkdwn(without_dates(without(text, mention)))) checker.need(false, "text: " + problem);
  } else {
    check_outside(checker.problems, text);
  }
  for (const char* unfurl : {"unfurl_links", "unfurl_media", "unfurl_app_links"}) {
    checker.need(post.contains(unfurl) && post[unfurl] == false, std::string(unfurl) + " is on");
  }
  if (!post.contains("blocks")) return checker.problems;
  const json& blocks = post["blocks"];
  checker.need(!blocks.empty() && blocks.size() <= 50, std::to_string(blocks.size()) + " blocks");
  std::set<std::string> ids;
  for (std::size_t i = 0; i < blocks.size(); ++i) check_block(checker, blocks[i], ids, "/blocks/" + std::to_string(i));
  checker.need(checker.total <= 10'000, "all text is " + std::to_string(checker.total) + " long");
  return checker.problems;
}

}  // namespace belfry::slack_test
