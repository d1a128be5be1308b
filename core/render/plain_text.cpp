#include "render/plain_text.hpp"

#include <md4c.h>

#include <array>
#include <vector>

namespace belfry::render {
namespace {

// The few entities that the source's own text has; others are kept as they are.
std::string_view entity(std::string_view written) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kKnown{
      {{"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&#39;", "'"}, {"&nbsp;", " "}}};
  for (const auto& [name, text] : kKnown) {
    if (name == written) return text;
  }
  return written;
}

struct Writer {
  struct Link {
    std::string url;
    std::size_t begin = 0;  // of its text
  };

  std::string out;
  std::vector<Link> links;
  std::size_t lists = 0;
  bool fresh_entry = false;  // "- " has just been written: its first paragraph goes on in that line

  void paragraph() {
    if (fresh_entry) {
      fresh_entry = false;
      return;
    }
    if (out.empty()) return;
    const std::size_t wanted = lists > 0 ? 1 : 2;
    std::size_t there = 0;
    while (there < out.size() && there < wanted && out[out.size() - 1 - there] == '\n') ++there;
    out.append(wanted - there, '\n');
  }

  void enter(MD_BLOCKTYPE type) {
    if (type == MD_BLOCK_LI) {
      paragraph();
      out.append(lists > 1 ? 2 * (lists - 1) : 0, ' ');
      out += "- ";
      fresh_entry = true;
    } else if (type == MD_BLOCK_UL || type == MD_BLOCK_OL) {
      if (lists == 0) paragraph();
      fresh_entry = false;
      ++lists;
    } else if (type == MD_BLOCK_P || type == MD_BLOCK_H || type == MD_BLOCK_CODE) {
      paragraph();
    }
  }

  void leave(MD_BLOCKTYPE type) {
    if (type == MD_BLOCK_UL || type == MD_BLOCK_OL) --lists;
  }

  void end_link() {
    const auto link = std::move(links.back());
    links.pop_back();
    if (link.url.empty() || out.substr(link.begin) == link.url) return;
    out += " (" + link.url + ")";
  }

  void text(MD_TEXTTYPE type, std::string_view piece) {
    switch (type) {
      case MD_TEXT_NULLCHAR: out += "\uFFFD"; break;
      case MD_TEXT_BR:
      case MD_TEXT_SOFTBR: out += '\n'; break;
      case MD_TEXT_ENTITY: out += entity(piece); break;
      case MD_TEXT_HTML: break;
      default: out += piece;
    }
    fresh_entry = false;
  }
};

}  // namespace

std::string plain_text(std::string_view markdown) {
  Writer writer;
  MD_PARSER parser{};
  parser.flags = MD_FLAG_PERMISSIVEAUTOLINKS;
  parser.enter_block = [](MD_BLOCKTYPE type, void*, void* self) {
    static_cast<Writer*>(self)->enter(type);
    return 0;
  };
  parser.leave_block = [](MD_BLOCKTYPE type, void*, void* self) {
    static_cast<Writer*>(self)->leave(type);
    return 0;
  };
  parser.enter_span = [](MD_SPANTYPE type, void* detail, void* self) {
    auto& to = *static_cast<Writer*>(self);
    if (type == MD_SPAN_A) {
      const auto& href = static_cast<const MD_SPAN_A_DETAIL*>(detail)->href;
      to.links.push_back({{href.text, href.size}, to.out.size()});
    }
    return 0;
  };
  parser.leave_span = [](MD_SPANTYPE type, void*, void* self) {
    if (type == MD_SPAN_A) static_cast<Writer*>(self)->end_link();
    return 0;
  };
  parser.text = [](MD_TEXTTYPE type, const MD_CHAR* text, MD_SIZE size, void* self) {
    static_cast<Writer*>(self)->text(type, {text, size});
    return 0;
  };
  md_parse(markdown.data(), static_cast<MD_SIZE>(markdown.size()), &parser, &writer);
  while (!writer.out.empty() && writer.out.back() == '\n') writer.out.pop_back();
  return std::move(writer.out);
}

}  // namespace belfry::render
