#include "model/path.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace belfry::model {
namespace {

constexpr std::string_view kLabels = "labels.";
constexpr std::string_view kData = "data.";

PathValue text_value(std::string_view text, bool exists) { return {.kind = PathValue::Kind::text, .exists = exists, .text = text}; }

PathValue field(const std::string& text) { return text_value(text, !text.empty()); }

PathValue json_value(const nlohmann::json& value) {
  switch (value.type()) {
    case nlohmann::json::value_t::null: return {};
    case nlohmann::json::value_t::string: return text_value(value.get_ref<const std::string&>(), true);
    case nlohmann::json::value_t::boolean: return {.kind = PathValue::Kind::boolean, .exists = true, .flag = value.get<bool>()};
    case nlohmann::json::value_t::number_integer:
    case nlohmann::json::value_t::number_unsigned:
    case nlohmann::json::value_t::number_float: return {.kind = PathValue::Kind::number, .exists = true, .number = &value};
    default: return {.kind = PathValue::Kind::structure, .exists = true};
  }
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  for (auto dot = text.find('.'); dot != std::string_view::npos; dot = text.find('.')) {
    parts.emplace_back(text.substr(0, dot));
    text.remove_prefix(dot + 1);
  }
  parts.emplace_back(text);
  return parts;
}

base::Result<Path> unknown(std::string_view text) {
  return base::fail(base::ErrorCode::invalid, "unknown path \"" + std::string(text) +
                                                  "\"; write source, name, template_id, title, body, recipient.email, recipient.name, "
                                                  "recipient.username, severity, sensitive, labels.NAME or "
                                                  "data.NAME");
}

}  // namespace

base::Result<Path> Path::parse(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, Root>, 10> kFields{{{"source", Root::source},
                                                                              {"name", Root::name},
                                                                              {"template_id", Root::template_id},
                                                                              {"title", Root::title},
                                                                              {"body", Root::body},
                                                                              {"recipient.email", Root::recipient_email},
                                                                              {"recipient.name", Root::recipient_name},
                                                                              {"recipient.username", Root::recipient_username},
                                                                              {"severity", Root::severity},
                                                                              {"sensitive", Root::sensitive}}};
  Path path;
  if (const auto* found = std::ranges::find(kFields, text, &std::pair<std::string_view, Root>::first); found != kFields.end()) {
    path.root_ = found->second;
    return path;
  }
  if (text.starts_with(kLabels) && text.size() > kLabels.size()) {
    path.root_ = Root::label;
    path.label_ = text.substr(kLabels.size());
    return path;
  }
  if (text.starts_with(kData)) {
    path.root_ = Root::data;
    path.steps_ = split(text.substr(kData.size()));
    if (std::ranges::find(path.steps_, std::string()) == path.steps_.end()) return path;
  }
  return unknown(text);
}

bool Path::is_content() const { return root_ == Root::title || root_ == Root::body || root_ == Root::label || root_ == Root::data; }

PathValue Path::read(const Notification& n) const {
  switch (root_) {
    case Root::source: return field(n.source);
    case Root::name: return field(n.name);
    case Root::template_id: return field(n.template_id);
    case Root::title: return field(n.title);
    case Root::body: return field(n.body);
    case Root::recipient_email: return field(n.recipient.email);
    case Root::recipient_name: return field(n.recipient.name);
    case Root::recipient_username: return field(n.recipient.username);
    case Root::severity: return field(n.severity);
    case Root::sensitive: return {.kind = PathValue::Kind::boolean, .exists = true, .flag = n.sensitive};
    case Root::label: {
      const auto found = n.labels.find(label_);
      return found == n.labels.end() ? PathValue{} : text_value(found->second, true);
    }
    case Root::data: break;
  }
  const auto* at = &n.data;
  for (const auto& step : steps_) {
    if (!at->is_object()) return {};
    const auto found = at->find(step);
    if (found == at->end()) return {};
    at = &*found;
  }
  return json_value(*at);
}

}  // namespace belfry::model
