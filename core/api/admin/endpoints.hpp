// Builds the routes of the API: each checks access before and after the body is read, then the names of its query parameters, and names the
// operator of a change.
// Thread rule: one thread while the table is built; the handlers run on any.
#pragma once
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "api/operators/access.hpp"
#include "api/operators/query_string.hpp"
#include "net/server/router.hpp"

namespace belfry::api {

// One accepted request.
struct Call {
  net::ServerRequest request;
  QueryString query;
  std::string by;  // name of the operator; empty for GET
};

class Endpoints {
 public:
  using Handler = std::function<void(Call, net::Reply)>;

  explicit Endpoints(std::shared_ptr<const Access> access) : access_(std::move(access)) {}

  // `path` without "/api/v1/"; "{id}" in it is a path parameter. `parameters`: of the query.
  void add(std::set<std::string> methods, const std::string& path, std::vector<std::string_view> parameters, Handler handler,
           std::size_t max_body = 64UL * 1024);

  [[nodiscard]] net::RouteTable take() { return std::move(table_); }

 private:
  std::shared_ptr<const Access> access_;
  net::RouteTable table_;
};

}  // namespace belfry::api
