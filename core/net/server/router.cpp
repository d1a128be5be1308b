#include "net/server/router.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/closest_word.hpp"

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
  for (const auto& [served, route] : table) known.push_back(served);
  if (std::ranges::find(known, plain) != known.end()) return plain;
  return std::string(base::closest_word(plain, known));
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
  const auto found = match.table->find(path);
  if (found == match.table->end()) {
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
