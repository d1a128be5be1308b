#include "config/tree_json.hpp"

#include "config/scalar.hpp"

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

nlohmann::json scalar(const Value& written, const std::string& pointer, const Visitor& visit) {
  const auto& node = written.node();
  auto expanded = written.context().references.expand(node.text);
  if (!expanded) {
    if (visit && expanded.error().kind == ReferenceFault::Kind::unresolved) {
      visit(pointer, written, {.unresolved = expanded.error().text});
    } else {
      written.context().report.error(written.at(), written.path() + ": " + expanded.error().text);
    }
    return "";
  }
  if (visit) visit(pointer, written, {.exposed = expanded->exposed, .left_out = expanded->referenced && expanded->text.empty()});
  if (expanded->referenced || !node.plain) return std::move(expanded->text);
  if (auto value = scalar_to_json(expanded->text)) {
    return *std::move(value);
  } else {
    written.error(value.error().message);
  }
  return nullptr;
}

nlohmann::json convert(const Value& written, const std::string& pointer, const Visitor& visit) {
  const auto& node = written.node();
  if (node.kind == yaml::Node::Kind::scalar) return scalar(written, pointer, visit);
  if (visit) visit(pointer, written, {});
  if (node.kind == yaml::Node::Kind::list) {
    auto out = nlohmann::json::array();
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      const auto index = std::to_string(i);
      const Value item(written.context(), *node.items[i], written.path() + "[" + index + "]", node.items[i]->at);
      out.push_back(convert(item, pointer + "/" + index, visit));
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
