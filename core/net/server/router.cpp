#include "net/server/router.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/closest_word.hpp"
#include "base/utf8.hpp"

namespace belfry::net {

namespace {

bool takes(const HttpRoute& route, const std::string& method) {
  return route.methods.contains(method) || (method == "HEAD" && route.methods.contains("GET"));
}

std::string allowed(const HttpRoute& route) {
  auto methods = route.methods;
  if (methods.contains("GET")) methods.insert("HEAD");
  std::string list;
  for (const auto& method : methods) list += (list.empty() ? "" : ", ") + method;
  return list;
}

// "/v1/webhook" for "/v1//Webhook/", and for paths that differ by a letter or two.
std::string nearest_path(const RouteTable& table, std::string_view path) {
  constexpr std::size_t kMaxPath = 200;
  if (path.size() > kMaxPath) return {};
  std::string plain;
  for (const char c : path) {
    if (c != '/' || !plain.ends_with('/')) plain += c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  }
  while (plain.size() > 1 && plain.ends_with('/')) plain.pop_back();
  std::vector<std::string_view> known;
  for (const auto& [served, route] : table)
    if (!route.has_parameters) known.push_back(served);
  if (std::ranges::find(known, plain) != known.end()) return plain;
  return std::string(base::closest_word(plain, known));
}

std::string_view take_segment(std::string_view& path) {
  const auto segment = path.substr(0, path.find('/'));
  path.remove_prefix(std::min(path.size(), segment.size() + 1));
  return segment;
}

// The raw values by name if the path matches; a parameter is one segment, and not empty.
std::optional<std::vector<Headers::Pair>> raw_parameters(std::string_view pattern, std::string_view path) {
  if (std::ranges::count(pattern, '/') != std::ranges::count(path, '/')) return std::nullopt;
  std::vector<Headers::Pair> found;
  while (!pattern.empty() || !path.empty()) {
    const auto wanted = take_segment(pattern);
    const auto segment = take_segment(path);
    if (wanted.starts_with('{') && wanted.ends_with('}')) {
      if (segment.empty()) return std::nullopt;
      found.emplace_back(wanted.substr(1, wanted.size() - 2), segment);
    } else if (segment != wanted) {
      return std::nullopt;
    }
  }
  return found;
}

// One sentence if a value is not text that an identifier may consist of; empty: it is.
std::string decode(std::vector<Headers::Pair>& parameters) {
  for (auto& [name, value] : parameters) {
    const auto text = percent_decode(value);
    if (!text) return "the " + name + " in the path has a % without two hexadecimal digits; write %25 for a percent sign";
    if (text->size() > Router::kMaxParameter)
      return "the " + name + " in the path is longer than " + std::to_string(Router::kMaxParameter) + " bytes";
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
    if (!base::is_utf8(*text) || std::ranges::any_of(*text, is_control))
      return "the " + name + " in the path must be UTF-8 text without control characters";
    value = *text;
  }
  return {};
}

}  // namespace

void Router::replace(RouteTable table) {
  auto fresh = std::make_shared<const RouteTable>(std::move(table));
  const std::lock_guard lock(mutex_);
  table_.swap(fresh);
}

Router::Match Router::match(const std::string& method, const std::string& path) const {
  Match match;
  {
    const std::lock_guard lock(mutex_);
    match.table = table_;
  }
  const auto end = match.table->end();
  auto found = match.table->find(path);
  if (found != end && found->second.has_parameters) found = end;
  // A path that does not take the method may still be the value of a parameter: "/deliveries/retry" is also the delivery "retry".
  for (auto route = match.table->begin(); route != end && (found == end || !takes(found->second, method)); ++route) {
    if (!route->second.has_parameters || (found != end && !takes(route->second, method))) continue;
    auto parameters = raw_parameters(route->first, path);
    if (!parameters) continue;
    found = route;
    match.parameters = *std::move(parameters);
    match.pattern = route->first;
  }
  if (const auto problem = decode(match.parameters); !problem.empty()) {
    match.refusal = text_response(400, problem);
  } else if (found == end) {
    match.suggested_path = nearest_path(*match.table, path);
    match.refusal =
        text_response(404, match.suggested_path.empty() ? "nothing is served at this path"
                                                        : "nothing is served at this path; did you mean " + match.suggested_path + "?");
  } else if (!takes(found->second, method)) {
    const auto methods = allowed(found->second);
    match.refusal = text_response(405, "this path accepts " + methods);
    match.refusal.headers.add("Allow", methods);
  } else {
    match.route = &found->second;
  }
  return match;
}

}  // namespace belfry::net
