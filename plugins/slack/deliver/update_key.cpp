#include "slack/deliver/update_key.hpp"

namespace belfry::slack {
namespace {

using nlohmann::json;

constexpr std::string_view kPerWorkspace = "per_workspace";
constexpr std::string_view kLabels = "labels.";
constexpr std::string_view kData = "data.";

bool is_path(std::string_view path) {
  if (path == "name" || path == "template_id" || path == "recipient.username") return true;
  if (path.starts_with(kLabels)) return path.size() > kLabels.size();
  return path.starts_with(kData) && path.size() > kData.size() && !path.contains("..") && !path.ends_with('.');
}

std::string text_of_scalar(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.is_number() || value.is_boolean() ? value.dump() : std::string();
}

std::string data_at(const json& data, std::string_view path) {
  const json* at = &data;
  while (true) {
    if (!at->is_object()) return {};
    const auto dot = path.find('.');
    const auto found = at->find(std::string(path.substr(0, dot)));
    if (found == at->end()) return {};
    at = &*found;
    if (dot == std::string_view::npos) return text_of_scalar(*at);
    path.remove_prefix(dot + 1);
  }
}

std::string label(const Item& item, std::string_view name) {
  const auto found = item.labels.find(std::string(name));
  return found == item.labels.end() ? std::string() : found->second;
}

std::string value_at(const Item& item, std::string_view path) {
  if (path == "name") return item.name;
  if (path == "template_id") return item.template_id;
  if (path == "recipient.username") return item.recipient.username;
  if (path.starts_with(kLabels)) return label(item, path.substr(kLabels.size()));
  return data_at(item.data, path.substr(kData.size()));
}

// Coder labels the workspace `workspace` in some notifications and `name` in others, but `name` can also be a template.
std::string workspace_of(const Item& item) {
  std::string workspace = label(item, "workspace");
  if (workspace.empty() && item.name.starts_with("Workspace ")) workspace = label(item, "name");
  if (workspace.empty()) return {};
  // Most notifications go to the owner and do not name them.
  std::string owner = label(item, "workspace_owner_username");
  if (owner.empty()) owner = data_at(item.data, "owner.username");
  if (owner.empty()) owner = item.recipient.username;
  return owner + "/" + workspace;
}

}  // namespace

std::expected<UpdateKey, std::string> UpdateKey::parse(std::string_view text) {
  UpdateKey key;
  key.per_workspace_ = text == kPerWorkspace;
  if (key.per_workspace_) return key;
  bool has_path = text.empty();
  while (!text.empty()) {
    const auto open = text.find("{{");
    if (open != 0) key.pieces_.push_back({false, std::string(text.substr(0, open))});
    if (open == std::string_view::npos) break;
    const auto close = text.find("}}", open);
    if (close == std::string_view::npos) return std::unexpected("a {{ has no closing }}");
    std::string_view path = text.substr(open + 2, close - open - 2);
    while (path.starts_with(' ')) path.remove_prefix(1);
    while (path.ends_with(' ')) path.remove_suffix(1);
    if (!is_path(path)) {
      return std::unexpected("\"" + std::string(path) +
                             "\" is not a path; write name, template_id, recipient.username, labels.X or data.X.Y between {{ and }}");
    }
    key.pieces_.push_back({true, std::string(path)});
    has_path = true;
    text.remove_prefix(close + 2);
  }
  if (!has_path) {
    return std::unexpected("everything would have the same key; write per_workspace, or a template such as \"{{labels.workspace}}\"");
  }
  return key;
}

std::string UpdateKey::of(const Item& item) const {
  if (per_workspace_) return workspace_of(item);
  std::string out;
  for (const Piece& piece : pieces_) {
    const std::string text = piece.path ? value_at(item, piece.text) : piece.text;
    if (text.empty()) return {};
    out += text;
  }
  return out;
}

}  // namespace belfry::slack
