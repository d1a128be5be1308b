#include "render/tags.hpp"

#include <algorithm>

#include "base/utf8.hpp"
#include "render/characters.hpp"

namespace belfry::render {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(kWhiteSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kWhiteSpace) - begin + 1);
}

std::unexpected<base::Error> wrong(std::string text) { return base::fail(base::ErrorCode::invalid, std::move(text)); }

// The text as written, shortened to fit on one line.
std::string excerpt(std::string_view written) {
  constexpr std::size_t kLimit = 40;
  std::string out(base::utf8_prefix(written, kLimit));
  std::ranges::replace_if(out, [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  return written.size() > out.size() ? out + "..." : out;
}

class Scanner {
 public:
  Scanner(std::string_view text, std::size_t max_nesting) : text_(text), max_nesting_(max_nesting) {}

  base::Result<std::vector<Tag>> run() {
    for (auto at = text_.find("{{"); at != std::string_view::npos; at = text_.find("{{", next_)) {
      if (auto read = take(at); !read) return std::unexpected(read.error());
    }
    if (!open_.empty()) return wrong("{{#" + open_.back() + "}} is never closed; write {{/" + open_.back() + "}} where it ends");
    return std::move(tags_);
  }

 private:
  base::Result<void> take(std::size_t at) {
    const bool triple = text_.substr(at).starts_with("{{{");
    const std::string_view close = triple ? "}}}" : "}}";
    const auto end = text_.find(close, at + close.size());
    if (end == std::string_view::npos) {
      return wrong("\"" + excerpt(text_.substr(at)) + "\" is never closed; write " + std::string(close) + " at its end");
    }
    next_ = end + close.size();
    Tag tag{.begin = at, .end = next_, .nesting = open_.size()};
    auto inner = text_.substr(at + close.size(), end - at - close.size());
    const char sign = triple || inner.empty() ? '\0' : inner.front();
    if (sign == '!') {
      tag.kind = Tag::Kind::comment;
      tags_.push_back(std::move(tag));
      return {};
    }
    const auto whole = excerpt(text_.substr(at, next_ - at));
    if (sign == '>') return wrong(whole + " is a partial, which is not supported; write its text here");
    if (sign == '=') return wrong(whole + " changes the delimiters; keep {{ and }}");
    if (std::string_view("#^/&").contains(sign)) inner.remove_prefix(1);
    tag.kind = triple || sign == '&' ? Tag::Kind::raw
               : sign == '#'         ? Tag::Kind::section
               : sign == '^'         ? Tag::Kind::inverted
               : sign == '/'         ? Tag::Kind::end
                                     : Tag::Kind::escaped;
    tag.name = trimmed(inner);
    if (tag.name.empty()) return wrong(whole + " has no name; write a path such as {{title}}");
    if (tag.name.find_first_of(" \t\r\n{}") != std::string::npos)
      return wrong(whole + " is not a path; write one such as {{labels.workspace}}");
    return nest(std::move(tag));
  }

  base::Result<void> nest(Tag tag) {
    if (tag.kind == Tag::Kind::end) {
      if (open_.empty()) return wrong("{{/" + tag.name + "}} closes nothing; write {{#" + tag.name + "}} before it, or remove it");
      if (open_.back() != tag.name) return wrong("{{/" + tag.name + "}} comes before {{/" + open_.back() + "}}; close the inner one first");
      open_.pop_back();
      tag.nesting = open_.size();
    } else if (tag.kind == Tag::Kind::section || tag.kind == Tag::Kind::inverted) {
      if (open_.size() == max_nesting_) {
        return wrong("{{#" + tag.name + "}} is nested in " + std::to_string(max_nesting_) +
                     " sections, which is the limit; move it out of one");
      }
      open_.push_back(tag.name);
    }
    tags_.push_back(std::move(tag));
    return {};
  }

  std::string_view text_;
  std::size_t max_nesting_;
  std::size_t next_ = 0;
  std::vector<std::string> open_;
  std::vector<Tag> tags_;
};

}  // namespace

base::Result<std::vector<Tag>> parse_tags(std::string_view text, std::size_t max_nesting) { return Scanner(text, max_nesting).run(); }

}  // namespace belfry::render
