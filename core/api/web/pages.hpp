// The operator's page: server-rendered HTML on the admin listener, without a script. See docs/how-to/operator-page.md.
// Thread rule: any thread. Ownership: the routes share ownership of the dependencies.
#pragma once
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "api/operators/access.hpp"
#include "api/operators/operator_backend.hpp"
#include "api/web/preview_backend.hpp"
#include "api/web/sessions.hpp"
#include "net/server/router.hpp"

namespace belfry::api::web {

struct PageDependencies {
  std::shared_ptr<const OperatorBackend> operators;
  std::shared_ptr<const Access> access;
  std::shared_ptr<Sessions> sessions;  // kept across reloads by the owner
  // The status document.
  std::function<void(std::move_only_function<void(nlohmann::json)>)> status;
  std::vector<std::string> releasable_sinks;
  // Lets a sink try now. Calls back as GatewayBackend::release().
  std::function<void(const std::string& sink, store::Operator, std::move_only_function<void(bool, nlohmann::json)>)> release;
  PreviewBackend preview;
};

// Adds the routes of the pages to those of the listener.
void add_pages(net::RouteTable& table, PageDependencies parts);

}  // namespace belfry::api::web
