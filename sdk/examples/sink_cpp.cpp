// A sink that posts each message as JSON to one URL: a small but complete plugin with the C++ SDK.
#include "belfry/sdk.hpp"

namespace {

constexpr const char* kSchema = R"({
  "type": "object",
  "required": ["url"],
  "additionalProperties": false,
  "properties": {
    "url": { "type": "string", "description": "where messages are posted", "pattern": "^https?://" },
    "token": { "type": "string", "x-secret": true, "description": "sent as a bearer token" },
    "timeout": { "type": "string", "default": "5s" }
  }
})";

class JsonPost final : public belfry::Sink, public belfry::Renders {
 public:
  belfry::Findings configure(const belfry::Config& config) override {
    belfry::Findings findings;
    url_ = config.string("url");
    token_ = config.secret("token");
    timeout_ = config.duration("timeout");
    if (timeout_ < std::chrono::milliseconds(100)) findings.error(config.pointer("timeout"), "must be at least 100ms");
    if (!token_.empty() && !url_.starts_with("https://")) {
      findings.error(config.pointer("url"), "the token would be sent in plain text", "use https");
    }
    return findings;
  }

  belfry::Task<belfry::Outcome> deliver(belfry::Message message) override {
    if (message.forbidden_here()) co_return belfry::Outcome::rejected("sensitive_to_shared", "sensitive message for a shared destination");
    auto request = to_request(message);
    if (!token_.empty()) request.headers.push_back({"Authorization", "Bearer " + token_.reveal()});
    const auto result = co_await http().send(std::move(request));
    auto outcome = belfry::http_outcome(result);
    if (outcome.code == belfry::Outcome::Code::delivered) outcome.receipt = {{"url", url_}};
    co_return outcome;
  }

  std::expected<nlohmann::json, std::string> render(const belfry::Message& message) const override {
    const auto request = to_request(message);
    nlohmann::json headers = nlohmann::json::object();
    for (const auto& header : request.headers) headers[header.name] = header.value;
    if (!token_.empty()) headers["Authorization"] = "Bearer ***";
    return nlohmann::json::array(
        {{{"method", request.method}, {"url", request.url}, {"headers", headers}, {"body", nlohmann::json::parse(request.body)}}});
  }

 private:
  belfry::HttpRequest to_request(const belfry::Message& message) const {
    auto items = nlohmann::json::array();
    for (const auto& item : message.items()) {
      items.push_back({{"to", item.recipient.email}, {"title", item.title}, {"body", item.body}});
    }
    const nlohmann::json body{{"id", message.delivery_id()}, {"messages", items}};
    auto request = belfry::HttpRequest::post(url_, body.dump()).with("Content-Type", "application/json");
    request.headers.push_back({"Idempotency-Key", message.delivery_id()});
    request.timeout = timeout_;
    return request;
  }

  std::string url_;
  belfry::Secret token_;
  belfry::Millis timeout_{};
};

}  // namespace

BELFRY_PLUGIN(JsonPost, "json-post", kSchema, .title = "Posts JSON to a URL", .version = "1.0.0", .license = "MIT",
              .services = {BELFRY_HOST_HTTP_CLIENT_1})
