// The admin API in front of a scripted backend: requests go through the router, as in the gateway.
#pragma once
#include <gtest/gtest.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "api/admin_api.hpp"

namespace belfry::api {

class OperatorFixture : public testing::Test {
 protected:
  OperatorFixture() {
    operators_.now = [] { return *base::from_rfc3339("2026-01-31T12:00:00Z"); };
    operators_.sinks = [] { return std::vector<std::string>{"email", "slack"}; };
    operators_.list = [this](const store::Filter& filter, store::PageRequest page, auto handler) {
      filter_ = filter;
      page_ = page;
      handler(listed_);
    };
    operators_.show = [this](const std::string& id, auto handler) {
      id_ = id;
      handler(shown_);
    };
    operators_.change = [this](BulkAction action, std::vector<std::string> ids, store::Operator by, auto handler) {
      action_ = action;
      ids_ = std::move(ids);
      by_ = std::move(by);
      handler(changed_);
    };
    operators_.count = [this](const store::Filter& filter, auto handler) {
      filter_ = filter;
      handler(BulkCount{.count = 7, .complete = false});
    };
    operators_.begin_job = [this](BulkAction action, const store::Filter& filter, store::Operator by) {
      action_ = action;
      filter_ = filter;
      by_ = std::move(by);
      return begun_;
    };
    operators_.job = [](const std::string& id) { return id == "j1" ? std::optional(BulkJob{.id = "j1"}) : std::nullopt; };
    operators_.why = [this](const WhyQuery& query, auto handler) {
      query_ = query;
      handler(answer_);
    };
    operators_.audit = [this](std::int64_t before, std::size_t limit, auto handler) {
      before_ = before;
      actions_.resize(std::min(actions_.size(), limit));
      handler(actions_);
    };
    operators_.send = [this](TestNotification message, store::Operator by, auto handler) {
      message_ = std::move(message);
      by_ = std::move(by);
      handler(sent_);
    };
    operators_.log_level = [this] { return level_; };
    operators_.change_log_level = [this](base::LogLevel level, store::Operator by) {
      level_ = level;
      by_ = std::move(by);
    };
  }

  // Sends a request from the admin socket, by the user of this process.
  net::ServerResponse call(const std::string& method, const std::string& path, const std::string& body = {}) {
    net::ServerRequest request;
    request.method = method;
    request.path = path.substr(0, path.find('?'));
    if (const auto question = path.find('?'); question != std::string::npos) request.query = path.substr(question + 1);
    request.peer = net::Peer::unix_socket;
    request.peer_uid = ::getuid();
    request.headers.add("Host", "localhost");
    request.body = body;
    if (!body.empty()) request.headers.add("Content-Type", content_type_);
    return send(std::move(request));
  }

  net::ServerResponse send(net::ServerRequest request) {
    AdminBackend backend;
    backend.sinks = {"slack"};
    backend.release = [this](const std::string& sink, store::Operator by, auto answer) {
      by_ = std::move(by);
      answer(true, nlohmann::json{{"sink", sink}});
    };
    backend.operators = operators_;
    const net::Router router(admin_routes(std::move(backend), std::make_shared<const Access>(rules_)));
    auto match = router.match(request.method, request.path);
    if (match.route == nullptr) return match.refusal;
    request.path_parameters = match.parameters;
    net::ServerResponse got;
    match.route->handler(std::move(request), [&](net::ServerResponse response) { got = std::move(response); });
    return got;
  }

  static std::string error_of(const net::ServerResponse& response) {
    const auto document = nlohmann::json::parse(response.body, nullptr, false);
    return document.is_object() ? document.value("error", "") : "not JSON: " + response.body;
  }

  static store::ListedDelivery delivery(const std::string& id) {
    store::ListedDelivery listed;
    listed.delivery.id = id;
    listed.delivery.sink = "slack";
    listed.delivery.receipt = R"({"id":"1700.1"})";
    listed.delivery.created_at = *base::from_rfc3339("2026-01-31T09:00:00Z");
    listed.state = store::ListedState::dead;
    listed.email = "ada@example.com";
    return listed;
  }

  AccessRules rules_;
  OperatorBackend operators_;
  std::string content_type_ = "application/json";

  base::Result<store::DeliveryPage> listed_;
  base::Result<std::vector<ShownNotification>> shown_;
  base::Result<store::Changed> changed_;
  base::Result<BulkJob> begun_ = BulkJob{.id = "j1"};
  base::Result<WhyAnswer> answer_;
  base::Result<Sent> sent_ = Sent{"n1", {"d1", "d2"}};
  std::vector<store::OperatorAction> actions_;
  base::LogLevel level_ = base::LogLevel::info;

  std::optional<store::Filter> filter_;
  std::optional<store::PageRequest> page_;
  std::optional<BulkAction> action_;
  std::optional<WhyQuery> query_;
  std::optional<TestNotification> message_;
  std::vector<std::string> ids_;
  std::string id_;
  std::int64_t before_ = -1;
  store::Operator by_;
};

}  // namespace belfry::api
