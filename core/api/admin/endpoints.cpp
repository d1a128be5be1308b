#include "api/admin/endpoints.hpp"

#include "api/operators/responses.hpp"
#include "net/server/admission.hpp"

namespace belfry::api {

void Endpoints::add(std::set<std::string> methods, const std::string& path, std::vector<std::string_view> parameters, Handler handler,
                    std::size_t max_body) {
  auto admit = [access = access_](const net::ServerRequest& head) { return access->refuse(head); };
  auto handle = [access = access_, parameters = std::move(parameters), handler = std::move(handler)](net::ServerRequest request,
                                                                                                     net::Reply reply) {
    auto query = QueryString::parse(request.query, parameters);
    if (!query) return reply(api_error(query.error()));
    const bool reads = request.method == "GET" || request.method == "HEAD";
    auto by = reads ? std::string() : access->operator_of(request);
    if (!by) return reply(Access::unauthenticated());  // a reload has just removed the token
    handler({std::move(request), *std::move(query), *std::move(by)}, std::move(reply));
  };
  table_["/api/v1/" + path] = {.methods = std::move(methods),
                               .handler = net::AdmittingHandler{std::move(admit), std::move(handle)},
                               .max_body = max_body,
                               .owner = std::string(kApiOwner),
                               .has_parameters = path.contains('{')};
}

}  // namespace belfry::api
