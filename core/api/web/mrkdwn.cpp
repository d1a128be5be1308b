#include "api/web/mrkdwn.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace belfry::api::web {
namespace {

using nlohmann::json;

constexpr std::array kKinds{"plain", "bold", "italic", "struck", "mono", "link"};

json part(std::string_view kind, std::string_view text) {
  json out{{"text", std::string(text)}};
  for (const auto* known : kKinds) out[known] = kind == known;
  return out;
}

bool is_word(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// "<https://coder.com|the site>", "<!here>", "<@U1>", without the angle brackets.
std::string link_text(std::string_view inside) {
  const auto bar = inside.find('|');
  const auto target = inside.substr(0, bar);
  const auto label = bar == std::string_view::npos ? target : inside.substr(bar + 1);
  if (target.starts_with('!') || target.starts_with('@') || target.starts_with('#')) return without_entities(label);
  return without_entities(label == target ? target : std::string(label) + " (" + std::string(target) + ")");
}

// Parts of one line.
class LineParser {
 public:
  explicit LineParser(std::string_view line) : line_(line) {}

  json parse() {
    while (at_ < line_.size()) {
      if (!take_code() && !take_link() && !take_marked()) ++at_;
    }
    end_plain(line_.size());
    return std::move(parts_);
  }

 private:
  void end_plain(std::size_t until) {
    if (until > plain_from_) parts_.push_back(part("plain", without_entities(line_.substr(plain_from_, until - plain_from_))));
  }

  void add(std::string_view kind, const std::string& text, std::size_t next) {
    end_plain(at_);
    parts_.push_back(part(kind, text));
    at_ = plain_from_ = next;
  }

  // The text up to `end`, if it starts with `begin` and is not empty; adds it as `kind`.
  bool take_code() {
    if (line_[at_] != '`') return false;
    const auto end = line_.find('`', at_ + 1);
    if (end == std::string_view::npos || end == at_ + 1) return false;
    add("mono", without_entities(line_.substr(at_ + 1, end - at_ - 1)), end + 1);
    return true;
  }

  bool take_link() {
    if (line_[at_] != '<') return false;
    const auto end = line_.find('>', at_ + 1);
    if (end == std::string_view::npos || end == at_ + 1) return false;
    add("link", link_text(line_.substr(at_ + 1, end - at_ - 1)), end + 1);
    return true;
  }

  // A mark counts only at the edge of a word: "*bold*", not "2*3*4".
  bool take_marked() {
    const char mark = line_[at_];
    if (mark != '*' && mark != '_' && mark != '~') return false;
    if (at_ > 0 && is_word(line_[at_ - 1])) return false;
    if (at_ + 1 >= line_.size() || line_[at_ + 1] == ' ' || line_[at_ + 1] == mark) return false;
    auto end = line_.find(mark, at_ + 2);
    while (end != std::string_view::npos && (line_[end - 1] == ' ' || (end + 1 < line_.size() && is_word(line_[end + 1]))))
      end = line_.find(mark, end + 1);
    if (end == std::string_view::npos) return false;
    add(mark == '*' ? "bold" : mark == '_' ? "italic" : "struck", without_entities(line_.substr(at_ + 1, end - at_ - 1)), end + 1);
    return true;
  }

  std::string_view line_;
  std::size_t at_ = 0;
  std::size_t plain_from_ = 0;
  json parts_ = json::array();
};

std::string_view without_quote_mark(std::string_view line) {
  for (const std::string_view mark : {"&gt; ", "&gt;", "> ", ">"})
    if (line.starts_with(mark)) return line.substr(mark.size());
  return line;
}

}  // namespace

std::string without_entities(std::string_view text) {
  constexpr std::pair<std::string_view, char> kEntities[] = {{"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}};
  std::string out;
  while (!text.empty()) {
    const auto* found = std::ranges::find_if(kEntities, [&](const auto& entity) { return text.starts_with(entity.first); });
    if (found != std::end(kEntities)) {
      out += found->second;
      text.remove_prefix(found->first.size());
    } else {
      out += text.front();
      text.remove_prefix(1);
    }
  }
  return out;
}

json plain_line(std::string_view text, std::string_view css_class) {
  return {{"class", std::string(css_class)}, {"parts", json::array({part("plain", text)})}};
}

json mrkdwn_lines(std::string_view text) {
  json out = json::array();
  bool more = true;
  while (more) {
    const auto end = text.find('\n');
    const auto line = text.substr(0, end);
    const auto content = without_quote_mark(line);
    out.push_back({{"class", content.size() < line.size() ? "quote" : ""}, {"parts", LineParser(content).parse()}});
    more = end != std::string_view::npos;
    if (more) text.remove_prefix(end + 1);
  }
  return out;
}

}  // namespace belfry::api::web
