#include "config/document/tree_json.hpp"

#include "config/document/scalar.hpp"

namespace belfry::config {
namespace {

// RFC 6901: ~ and / are written ~0 and ~1.
std::string pointer_token(std::string_view key) {
  std::string out = "/";
  for (const char c : key) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

ValueInfo broken(const Value& written, const std::string& what) {
  written.context().report.error(written.at(), written.path() + what);
  return {.broken = true};
}

nlohmann::json scalar(const Value& written, const std::string& pointer, const Visitor& visit) {
  const auto& node = written.node();
  auto expanded = written.expand();
  if (!expanded) {
    const bool unresolved = expanded.error().kind == ReferenceError::Kind::unresolved;
    visit(pointer, written, unresolved ? ValueInfo{.unresolved = expanded.error().text} : broken(written, ": " + expanded.error().text));
    return "";
  }
  if (!expanded->referenced && node.plain) {
    auto value = scalar_to_json(expanded->text);
    if (!value) {
      visit(pointer, written, broken(written, " " + value.error().message));
      return nullptr;
    }
    visit(pointer, written, {.plain = value->is_string()});
    return *std::move(value);
  }
  visit(pointer, written,
        {.exposed = expanded->exposed,
         .file = expanded->file,
         .left_out = expanded->referenced && expanded->text.empty(),
         .plain = !expanded->referenced});
  return std::move(expanded->text);
}

nlohmann::json convert(const Value& written, const std::string& pointer, const Visitor& visit) {
  const auto& node = written.node();
  if (node.kind == yaml::Node::Kind::scalar) return scalar(written, pointer, visit);
  visit(pointer, written, {.incomplete = node.incomplete});
  if (node.kind == yaml::Node::Kind::list) {
    auto out = nlohmann::json::array();
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      const auto index = std::to_string(i);
      const Value item(written.context(), *node.items[i], written.path() + "[" + index + "]", node.items[i]->at);
      out.push_back(convert(item, std::string(pointer).append("/").append(index), visit));
    }
    return out;
  }
  if (node.kind == yaml::Node::Kind::map) {
    auto out = nlohmann::json::object();
    for (const auto& member : node.members) {
      const Value item(written.context(), *member.value, written.path() + "." + member.key, member.key_at);
      out[member.key] = convert(item, pointer + pointer_token(member.key), visit);
    }
    return out;
  }
  return nullptr;
}

}  // namespace

nlohmann::json to_json(const Value& written, const Visitor& visit) { return convert(written, "", visit); }

}  // namespace belfry::config
