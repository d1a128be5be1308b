#include "api/admin/json_object.hpp"

#include <algorithm>
#include <set>

#include "api/operators/responses.hpp"
#include "api/operators/text_rules.hpp"
#include "model/untrusted_json.hpp"

namespace belfry::api {
namespace {

// "application/json", with or without parameters.
bool is_json(const net::ServerRequest& request) {
  const auto type = request.headers.get("Content-Type").value_or("");
  auto media = type.substr(0, type.find(';'));
  while (media.ends_with(' ')) media.remove_suffix(1);
  return net::equal_ignoring_case(media, "application/json");
}

std::string kind_of(const nlohmann::json& value) {
  if (value.is_null()) return "null";
  const std::string type = value.type_name();
  return (type == "array" || type == "object" ? "an " : "a ") + type;
}

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

// The name of a member that an object of the document has twice. nlohmann::json would keep the last one.
std::optional<std::string> repeated_member(std::string_view document) {
  using Event = nlohmann::json::parse_event_t;
  std::vector<std::set<std::string>> open;
  std::optional<std::string> repeated;
  const auto look = [&](int, Event event, nlohmann::json& value) {
    if (event == Event::object_start) open.emplace_back();
    if (event == Event::object_end) open.pop_back();
    if (event == Event::key && !open.back().insert(value.get<std::string>()).second && !repeated) repeated = value.get<std::string>();
    return true;
  };
  if (nlohmann::json::parse(document, look, false).is_discarded()) return std::nullopt;
  return repeated;
}

}  // namespace

std::expected<JsonObject, net::ServerResponse> JsonObject::of_body(const net::ServerRequest& request, const Names& allowed) {
  if (request.body.empty()) return JsonObject(nlohmann::json::object(), "");
  if (!is_json(request)) return std::unexpected(api_error(415, "the body must be JSON; send it with Content-Type: application/json"));
  auto document = model::parse_untrusted(request.body);
  if (document.is_discarded()) return std::unexpected(api_error(400, "the body is not valid JSON; send one object"));
  if (const auto name = repeated_member(request.body))
    return std::unexpected(api_error(400, "the body has the member " + in_quotes(*name) + " twice in one object; send it once"));
  auto object = check(std::move(document), "", allowed);
  if (!object) return std::unexpected(api_error(object.error()));
  return *std::move(object);
}

base::Result<JsonObject> JsonObject::check(nlohmann::json document, std::string prefix, const Names& allowed) {
  const auto what = prefix.empty() ? std::string("the body") : prefix.substr(0, prefix.size() - 1);
  if (!document.is_object()) return invalid_input(what + " is " + kind_of(document) + "; send an object");
  for (const auto& [name, value] : document.items()) {
    if (std::ranges::find(allowed, name) != allowed.end()) continue;
    return invalid_input(what + " has the unknown member " + in_quotes(name) +
                         (allowed.empty() ? "" : "; the members are " + listed({allowed.begin(), allowed.end()})));
  }
  return JsonObject(std::move(document), std::move(prefix));
}

bool JsonObject::has(std::string_view name) const {
  const auto found = document_.find(name);
  return found != document_.end() && !found->is_null();
}

base::Result<std::optional<std::string>> JsonObject::text(std::string_view name, std::size_t max_bytes, bool one_line) const {
  if (!has(name)) return std::nullopt;
  const auto& value = *document_.find(name);
  if (!value.is_string()) return invalid_input(path(name) + " is " + kind_of(value) + "; write a string");
  auto text = trimmed(value.get_ref<const std::string&>());
  if (const auto problem = one_line ? text_problem(text) : lines_problem(text); !problem.empty())
    return invalid_input(path(name) + " " + problem);
  if (text.size() > max_bytes)
    return invalid_input(path(name) + " has " + std::to_string(text.size()) + " bytes; write at most " + std::to_string(max_bytes));
  if (text.empty()) return std::nullopt;
  return text;
}

base::Result<std::optional<std::string>> JsonObject::line(std::string_view name, std::size_t max_bytes) const {
  return text(name, max_bytes, true);
}

base::Result<std::optional<std::string>> JsonObject::lines(std::string_view name, std::size_t max_bytes) const {
  return text(name, max_bytes, false);
}

base::Result<bool> JsonObject::flag(std::string_view name) const {
  if (!has(name)) return false;
  const auto& value = *document_.find(name);
  if (!value.is_boolean()) return invalid_input(path(name) + " is " + kind_of(value) + "; write true or false");
  return value.get<bool>();
}

base::Result<std::vector<std::string>> JsonObject::texts(std::string_view name, std::size_t max_bytes) const {
  std::vector<std::string> all;
  if (!has(name)) return all;
  const auto& list = *document_.find(name);
  if (!list.is_array()) return invalid_input(path(name) + " is " + kind_of(list) + "; write an array of strings");
  for (const auto& value : list) {
    const auto where = path(name) + "[" + std::to_string(all.size()) + "]";
    if (!value.is_string()) return invalid_input(where + " is " + kind_of(value) + "; write a string");
    const auto& text = value.get_ref<const std::string&>();
    if (text.empty() || text.size() > max_bytes)
      return invalid_input(where + " has " + std::to_string(text.size()) + " bytes; write 1 to " + std::to_string(max_bytes));
    if (const auto problem = text_problem(text); !problem.empty()) return invalid_input(where + " " + problem);
    all.push_back(text);
  }
  return all;
}

base::Result<JsonObject> JsonObject::object(std::string_view name, const Names& allowed) const {
  return check(has(name) ? *document_.find(name) : nlohmann::json::object(), path(name) + ".", allowed);
}

}  // namespace belfry::api
