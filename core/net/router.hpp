// Which handler answers which path. Built before the server starts, then only read; `replace` swaps the whole table.
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

// Called exactly once, from any thread. Dropping it uncalled answers 500.
using Reply = std::move_only_function<void(ServerResponse)>;
using RequestHandler = std::function<void(ServerRequest, Reply)>;

struct Route {
  std::set<std::string> methods;  // HEAD is answered where GET is
  RequestHandler handler;
  std::size_t max_body = 1024 * 1024;  // bytes; more is answered 413 before the handler sees it
  std::string owner = {};              // for people: "source coder", "sink slack"
};

using RouteTable = std::map<std::string, Route>;  // by exact path

class Router {
 public:
  explicit Router(RouteTable table) : table_(std::make_shared<const RouteTable>(std::move(table))) {}
  void replace(RouteTable table);

  struct Match {
    std::shared_ptr<const RouteTable> table;  // keeps the route alive
    const Route* route = nullptr;             // null: refused with `refusal`
    ServerResponse refusal;                   // 404, or 405 with Allow
    std::string meant;                        // of a 404: the path that was probably meant; empty: none
  };
  // Decided from the head alone, before the body is read.
  [[nodiscard]] Match match(const std::string& method, const std::string& path) const;

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const RouteTable> table_;
};

}  // namespace belfry::net
