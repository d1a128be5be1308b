#include "config/document/yaml.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <spanstream>
#include <unordered_map>

#include "config/document/scalar.hpp"
#include "config/document/text_check.hpp"

namespace belfry::config::yaml {
namespace {

Mark to_mark(const YAML::Mark& mark, int file) { return {mark.line + 1, mark.column + 1, file}; }

// Thrown to end the parse, after the problem has been reported.
struct Stop {};

class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(std::string_view source, Report& report, int file) : source_(source), report_(report), file_(file) {}

  [[nodiscard]] NodePtr root() const { return root_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ == 0) return;
    // yaml-cpp treats the rest of a broken document as another document.
    const bool marked = source_.substr(static_cast<std::size_t>(mark.pos)).starts_with("---");
    stop(to_mark(mark), marked ? "a second document (---); write one document per file"
                               : "text after the end of the document; check brackets and indentation");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    auto node = make(Node::Kind::null, to_mark(mark));
    if (!frames_.empty() && frames_.back().has_key) node->at = frames_.back().key_at;
    add(std::move(node), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) stop(to_mark(mark), "an alias within its own anchor; write the value out");
    if (frames_.size() + found->second->depth > kMaxDepth) too_deep(to_mark(mark));
    count(to_mark(mark), found->second->nodes, found->second->bytes);
    attach(found->second);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& value) override {
    refuse_tag(mark, tag);
    auto node = make(Node::Kind::scalar, to_mark(mark), value.size());
    if (value.find('\0') != std::string::npos) report_.error(node->at, "the text contains a NUL character; remove it");
    node->text = value;
    node->plain = tag != "!";
    node->bytes = value.size();
    if (!node->plain) check_closing_quote(mark);
    add(std::move(node), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    refuse_tag(mark, tag);
    open(Node::Kind::list, to_mark(mark), anchor);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    refuse_tag(mark, tag);
    open(Node::Kind::map, to_mark(mark), anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    std::shared_ptr<Node> node;
    YAML::anchor_t anchor = 0;
    bool has_key = false;       // the next node is the value of `key`
    bool key_is_valid = false;  // the key is valid, so its value goes into the tree
    std::string key;
    Mark key_at;
    std::unordered_map<std::string, int> lines;  // of the keys read so far
  };

  [[nodiscard]] Mark to_mark(const YAML::Mark& mark) const { return yaml::to_mark(mark, file_); }

  [[noreturn]] void stop(Mark at, std::string text) {
    report_.error(at, std::move(text));
    throw Stop{};
  }
  [[noreturn]] void too_deep(Mark at) { stop(at, "more than " + std::to_string(kMaxDepth) + " levels; use fewer"); }

  void count(Mark at, std::size_t nodes, std::size_t bytes) {
    nodes_ += nodes;
    bytes_ += bytes;
    if (nodes_ > kMaxNodes) stop(at, "more than " + std::to_string(kMaxNodes) + " values, counting every use of an alias; write fewer");
    if (bytes_ > kMaxBytes) stop(at, "more than 1 MiB of text, counting every use of an alias; write less");
  }

  std::shared_ptr<Node> make(Node::Kind kind, Mark at, std::size_t bytes = 0) {
    count(at, 1, bytes);
    auto node = std::make_shared<Node>();
    node->kind = kind;
    node->at = at;
    return node;
  }

  void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.empty() || tag == "?" || tag == "!") return;
    report_.error(to_mark(mark), "tags such as !!str are not supported; write text in quotes and numbers without");
  }

  // yaml-cpp accepts a quoted text whose closing quote is missing at the end of the file.
  void check_closing_quote(const YAML::Mark& mark) {
    auto rest = source_.substr(static_cast<std::size_t>(mark.pos));
    const auto start = rest.find_first_of("\"'|>");
    if (start == std::string_view::npos || rest[start] == '|' || rest[start] == '>') return;
    const char quote = rest[start];
    for (auto i = start + 1; i < rest.size(); ++i) {
      if (quote == '"' && rest[i] == '\\') {
        ++i;
      } else if (rest[i] == quote) {
        if (quote == '"' || i + 1 == rest.size() || rest[i + 1] != quote) return;
        ++i;
      }
    }
    stop(to_mark(mark), "the quote is never closed; close it");
  }

  void open(Node::Kind kind, Mark at, YAML::anchor_t anchor) {
    if (frames_.size() >= kMaxDepth) too_deep(at);
    Frame frame;
    frame.node = make(kind, at);
    frame.anchor = anchor;
    frames_.push_back(std::move(frame));
  }

  void close() {
    auto frame = std::move(frames_.back());
    frames_.pop_back();
    add(std::move(frame.node), frame.anchor);
  }

  void add(std::shared_ptr<Node> node, YAML::anchor_t anchor) {
    if (anchor != 0) anchors_[anchor] = node;
    attach(std::move(node));
  }

  void attach(NodePtr node) {
    if (frames_.empty()) {
      root_ = std::move(node);
      return;
    }
    auto& frame = frames_.back();
    auto& parent = *frame.node;
    const bool is_key = parent.kind == Node::Kind::map && !frame.has_key;
    parent.nodes += node->nodes;
    parent.bytes += node->bytes;
    parent.depth = std::max(parent.depth, node->depth + 1);
    if (is_key) {
      take_key(frame, *node);
    } else if (parent.kind == Node::Kind::list) {
      parent.items.push_back(std::move(node));
    } else {
      if (frame.key_is_valid) parent.members.push_back({std::move(frame.key), frame.key_at, std::move(node)});
      frame.has_key = false;
    }
  }

  void take_key(Frame& frame, const Node& node) {
    frame.has_key = true;
    frame.key_is_valid = false;
    frame.key = node.text;
    frame.key_at = node.at;
    if (node.kind != Node::Kind::scalar) {
      report_.error(node.at, "a key that is not text; write a name followed by a colon");
    } else if (node.text.size() > kMaxKeyBytes) {
      report_.error(node.at,
                    "a key of more than " + std::to_string(kMaxKeyBytes) + " bytes is not the name of anything; write a shorter one");
    } else if (node.plain && node.text == "<<") {
      report_.error(node.at, "merge keys (<<) are not supported; write the keys out, or use an alias for the whole value");
    } else if (node.plain && scalar_kind(node.text) != ScalarKind::string) {
      report_.error(node.at, "the key " + node.text + " is not text; write it in quotes");
    } else if (const auto [seen, fresh] = frame.lines.emplace(node.text, node.at.line); !fresh) {
      report_.error(node.at,
                    "the key " + in_quotes(node.text) + " is defined twice, first at line " + std::to_string(seen->second) + "; keep one");
    } else {
      frame.key_is_valid = true;
    }
    // The first of duplicate keys is in the tree, so a duplicate leaves nothing missing.
    if (!frame.key_is_valid && !frame.lines.contains(node.text)) frame.node->incomplete = true;
  }

  std::string_view source_;
  Report& report_;
  int file_;
  NodePtr root_;
  int documents_ = 0;
  std::vector<Frame> frames_;
  std::unordered_map<YAML::anchor_t, NodePtr> anchors_;  // of complete nodes
  std::size_t nodes_ = 0;
  std::size_t bytes_ = 0;
};

// Advice for common syntax errors.
std::string explained(const std::string& message) {
  struct Hint {
    std::string_view message;
    std::string_view text;
  };
  static constexpr Hint kHints[] = {
      {"illegal map value", "a colon that does not start a value; check the indentation, and quote text that contains \": \""},
      {"end of map not found", "a line that does not fit here; align it with the keys it belongs to"},
      {"end of sequence not found", "a line that does not fit here; align it with the \"-\" of its list"},
      {"end of map flow not found",
       "a { that is never closed; close it with }, separate with commas, and quote text that contains { } [ ] : or #"},
      {"end of sequence flow not found",
       "a [ that is never closed; close it with ], separate with commas, and quote text that contains { } [ ] : or #"},
      {"illegal block entry", "a \"-\" that does not start a list entry; put the list on its own lines"},
      {"illegal map key", "a key that cannot start here; check the indentation"},
      {"illegal flow end", "a } or ] that closes nothing; remove it"},
      {"the referenced anchor is not defined", "an alias (*name) without its anchor; write &name at the value first"},
      {"unknown token", "text that begins with a character reserved by YAML; write it in quotes"},
  };
  for (const auto& hint : kHints) {
    if (message == hint.message) return std::string(hint.text);
  }
  return "not YAML: " + message + "; correct this line or the one before";
}

// An included file may be empty.
NodePtr empty_map(int file) {
  auto out = std::make_shared<Node>();
  out->kind = Node::Kind::map;
  out->at = {1, 1, file};
  return out;
}

}  // namespace

const Member* Node::find(std::string_view key) const {
  const auto found = std::ranges::find(members, key, &Member::key);
  return found == members.end() ? nullptr : &*found;
}

NodePtr parse(std::string_view text, Report& report, int file) {
  if (text.size() > kMaxBytes) {
    report.error({.file = file}, "the file is larger than 1 MiB; make it smaller");
    return nullptr;
  }
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (!check_text(text, report, file)) return nullptr;
  std::ispanstream stream(text);
  TreeBuilder builder(text, report, file);
  try {
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Stop&) {
    return nullptr;
  } catch (const YAML::Exception& error) {
    report.error(to_mark(error.mark, file), explained(error.msg));
    return nullptr;
  }
  if (!builder.root() || builder.root()->kind == Node::Kind::null) {
    if (file != 0) return empty_map(file);
    report.error({1, 1}, "the configuration is empty; begin with version: 1");
    return nullptr;
  }
  return builder.root();
}

}  // namespace belfry::config::yaml
