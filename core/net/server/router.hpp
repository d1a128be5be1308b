// Maps paths to handlers. The table is immutable; replace() swaps it as a whole.
// Thread rule: any thread.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "net/http.hpp"

namespace belfry::net {

// Call it exactly once, from any thread; destroying it uncalled sends 500.
using Reply = std::move_only_function<void(ServerResponse)>;
using RequestHandler = std::function<void(ServerRequest, Reply)>;

struct HttpRoute {
  std::set<std::string> methods;  // GET includes HEAD
  RequestHandler handler;
  std::size_t max_body = 1024 * 1024;  // bytes; a larger body gets 413 and never reaches the handler
  std::string owner = {};              // for display: "source coder", "sink slack"
  bool has_parameters = false;         // a segment of its path in braces, as in "/deliveries/{id}", stands for any text
};

using RouteTable = std::map<std::string, HttpRoute>;  // by path; a path without parameters is preferred to one with them

class Router {
 public:
  static constexpr std::size_t kMaxParameter = 256;  // bytes, decoded

  explicit Router(RouteTable table) : table_(std::make_shared<const RouteTable>(std::move(table))) {}
  void replace(RouteTable table);

  struct Match {
    std::shared_ptr<const RouteTable> table;  // keeps the route alive
    const HttpRoute* route = nullptr;         // null: refused with `refusal`
    std::vector<Headers::Pair> parameters;    // percent-decoded
    std::string pattern;                      // the path of a route with parameters; else empty
    ServerResponse refusal;                   // 404, 405 with Allow, or 400 for a parameter that is not text
    std::string suggested_path;               // with 404: the path that was probably meant; empty: none
  };
  // Needs only the request line, so it can run before the body is read.
  [[nodiscard]] Match match(const std::string& method, const std::string& path) const;

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const RouteTable> table_;
};

}  // namespace belfry::net
