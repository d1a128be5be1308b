#include "render/template.hpp"

#include <algorithm>
#include <kainjow/mustache.hpp>
#include <stdexcept>

#include "base/utf8.hpp"
#include "model/path.hpp"
#include "render/escape.hpp"
#include "render/fill.hpp"
#include "render/marks.hpp"
#include "render/tags.hpp"

namespace belfry::render {
namespace {

using kainjow::mustache::data;
using nlohmann::json;

constexpr std::size_t kMaxDepth = 8;  // of values from `data`

struct TooLong {};

// Truncates between characters and appends an ellipsis.
std::string truncated(std::string text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  text.resize(base::utf8_prefix(text, bytes).size());
  return text + "\u2026";
}

data text_of(std::string_view text) {
  if (text.empty()) return data(false);
  return data(truncated(without_marks(text.substr(0, Template::kMaxValue + 4)), Template::kMaxValue));
}

// False, null and empty values count as absent, so that sections over them are skipped.
data value_of(const json& tree, std::size_t depth = 0) {
  if (tree.is_string()) return text_of(tree.get_ref<const std::string&>());
  if (tree.is_number()) return tree.dump();
  if (tree.is_boolean() && tree.get<bool>()) return std::string("true");
  if (depth < kMaxDepth && tree.is_object() && !tree.empty()) {
    data out(data::type::object);
    std::size_t count = 0;
    for (const auto& [name, member] : tree.items()) {
      if (++count > Template::kMaxEntries) break;
      out.set(name, value_of(member, depth + 1));
    }
    return out;
  }
  if (depth < kMaxDepth && tree.is_array() && !tree.empty()) {
    data out(data::type::list);
    std::size_t count = 0;
    for (const auto& entry : tree) {
      if (++count > Template::kMaxEntries) break;
      out << value_of(entry, depth + 1);
    }
    return out;
  }
  return {false};
}

const json* find_value(const json& tree, std::string_view path) {
  const auto* at = &tree;
  while (!path.empty()) {
    if (!at->is_object()) return nullptr;
    const auto dot = path.find('.');
    const auto found = at->find(std::string(path.substr(0, dot)));
    if (found == at->end()) return nullptr;
    at = &*found;
    path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
  }
  return at;
}

// Names of the values behind {{{title}}} and {{{body}}}: the source's Markdown, or its escaped plain text if it sent no Markdown.
constexpr std::string_view kRawTitle = "title (raw)";
constexpr std::string_view kRawBody = "body (raw)";

}  // namespace

struct Template::Compiled {
  std::string text;  // the whole result if there are no tags
  std::vector<std::string> names;
  struct Read {
    std::string name;  // as in the tag
    model::Path path;
  };
  std::vector<Read> reads;
  bool raw_title = false, raw_body = false;
  Format format = Format::plain;
  // Rendering without partials and lambdas does not modify it, although the library's render() is not const.
  std::unique_ptr<kainjow::mustache::mustache> library;

  [[nodiscard]] data values(const model::Notification& notification) const;
};

namespace {

// Each dot leads into an object. A name that already holds a text is left unchanged.
void insert(data& root, std::string_view name, data value) {
  auto* at = &root;
  for (auto dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.')) {
    const std::string step(name.substr(0, dot));
    name.remove_prefix(dot + 1);
    if (at->get(step) == nullptr) at->set(step, data(data::type::object));
    at = const_cast<data*>(at->get(step));  // NOLINT(cppcoreguidelines-pro-type-const-cast): the library offers no other access
    if (!at->is_object()) return;
  }
  if (at->get(std::string(name)) == nullptr) at->set(std::string(name), std::move(value));
}

data read(const model::Path& path, std::string_view name, const model::Notification& notification) {
  const auto value = path.read(notification);
  switch (value.kind) {
    case model::PathValue::Kind::text: return text_of(value.text);
    case model::PathValue::Kind::boolean: return value.flag ? data(std::string("true")) : data(false);
    case model::PathValue::Kind::number: return value.number->dump();
    case model::PathValue::Kind::structure: {
      const auto* tree = find_value(notification.data, name.substr(std::string_view("data.").size()));
      return tree == nullptr ? data(false) : value_of(*tree);
    }
    case model::PathValue::Kind::absent: break;
  }
  return {false};
}

// Renames {{{title}}} and {{{body}}}, which read other values than {{title}} and {{body}}. Marks every value to be escaped, even an absent
// one: the markup around it may have to be removed.
std::string prepared(std::string_view text, const std::vector<Tag>& tags, Format format) {
  std::string out;
  std::size_t from = 0;
  for (const auto& tag : tags) {
    const bool own_name = tag.kind == Tag::Kind::raw && (tag.name == "title" || tag.name == "body");
    const bool marked = tag.kind == Tag::Kind::escaped && format != Format::plain;
    if (!own_name && !marked) continue;
    out += text.substr(from, tag.begin - from);
    out += marked ? mark("{{{" + tag.name + "}}}") : "{{{" + std::string(tag.name == "title" ? kRawTitle : kRawBody) + "}}}";
    from = tag.end;
  }
  return out + std::string(text.substr(from));
}

}  // namespace

data Template::Compiled::values(const model::Notification& n) const {
  data out(data::type::object);
  for (const auto& [name, path] : reads) insert(out, name, read(path, name, n));
  const bool markdown = format == Format::markdown;
  const auto raw = [&](const std::string& plain, const std::string& source) {
    return text_of(!markdown ? plain : source.empty() ? escape_markdown(plain) : source);
  };
  if (raw_title) out.set(std::string(kRawTitle), raw(n.title, n.title_markdown));
  if (raw_body) out.set(std::string(kRawBody), raw(n.body, n.body_markdown));
  return out;
}

base::Result<Template> Template::compile(std::string_view written, Format format) {
  const std::string text = without_marks(written);
  if (text.size() > kMaxBytes) {
    return base::fail(base::ErrorCode::invalid,
                      "is a template of " + std::to_string(text.size()) + " bytes; write at most " + std::to_string(kMaxBytes));
  }
  auto tags = parse_tags(text, kMaxNesting);
  if (!tags) return std::unexpected(tags.error());
  auto compiled = std::make_shared<Compiled>();
  compiled->format = format;
  compiled->text = text;
  for (const auto& tag : *tags) {
    if (tag.kind == Tag::Kind::comment || tag.kind == Tag::Kind::end) continue;
    if (tag.nesting == 0) compiled->names.push_back(tag.name);
    if (tag.kind == Tag::Kind::raw) {
      compiled->raw_title = compiled->raw_title || tag.name == "title";
      compiled->raw_body = compiled->raw_body || tag.name == "body";
    }
    if (auto path = model::Path::parse(tag.name)) compiled->reads.push_back({tag.name, std::move(*path)});
  }
  if (!tags->empty()) {
    compiled->library = std::make_unique<kainjow::mustache::mustache>(prepared(text, *tags, format));
    if (!compiled->library->is_valid())
      return base::fail(base::ErrorCode::invalid, compiled->library->error_message() + "; fix the template");
    compiled->library->set_custom_escape([](const std::string& value) { return value; });
  }
  Template out;
  out.compiled_ = std::move(compiled);
  return out;
}

const std::vector<std::string>& Template::names() const { return compiled_->names; }

std::string Template::render(const model::Notification& notification) const {
  if (!compiled_->library) return compiled_->text;
  std::string out;
  try {
    compiled_->library->render(compiled_->values(notification), [&out](const std::string& piece) {
      out += piece;
      if (out.size() > kMaxResult) throw TooLong{};
    });
  } catch (const TooLong&) {  // truncated below
  }
  out = truncated(std::move(out), kMaxResult);
  if (compiled_->format == Format::plain) return out;
  const Marked marked = split_marked(out);
  return truncated(compiled_->format == Format::url ? fill_url(marked) : fill_markdown(marked), kMaxResult);
}

}  // namespace belfry::render
