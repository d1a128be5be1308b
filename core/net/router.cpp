#include "net/router.hpp"

namespace belfry::net {

namespace {

bool takes(const Route& route, const std::string& method) {
  return route.methods.contains(method) || (method == "HEAD" && route.methods.contains("GET"));
}

std::string allowed(const Route& route) {
  auto methods = route.methods;
  if (methods.contains("GET")) methods.insert("HEAD");
  std::string list;
  for (const auto& method : methods) list += (list.empty() ? "" : ", ") + method;
  return list;
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
    match.refusal = text_response(404, "nothing is served at this path");
  } else if (!takes(found->second, method)) {
    const auto methods = allowed(found->second);
    match.refusal = text_response(405, "this path takes " + methods);
    match.refusal.headers.add("Allow", methods);
  } else {
    match.route = &found->second;
  }
  return match;
}

}  // namespace belfry::net
