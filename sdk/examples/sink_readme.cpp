#include <belfry/sdk.hpp>

namespace {

constexpr const char* kSchema = R"({
  "type": "object",
  "required": ["url"],
  "additionalProperties": false,
  "properties": {
    "url":   { "type": "string", "pattern": "^https://", "description": "where messages are posted" },
    "token": { "type": "string", "x-secret": true, "description": "sent as a bearer token" }
  }
})";

class ChatSink final : public belfry::Sink {
 public:
  belfry::Findings configure(const belfry::Config& config) override {
    url_ = config.string("url");
    token_ = config.secret("token");
    return {};
  }

  belfry::Task<belfry::Outcome> deliver(belfry::Message message) override {
    if (message.forbidden_here()) co_return belfry::Outcome::rejected("sensitive_to_shared", "sensitive message for a shared destination");
    const auto& item = message.item();
    const nlohmann::json body{{"to", item.recipient.email}, {"text", item.title + "\n" + item.body}};

    auto request = belfry::HttpRequest::post(url_, body.dump()).with("Content-Type", "application/json");
    request.headers.push_back({"Authorization", "Bearer " + token_.reveal()});
    const auto result = co_await http().send(std::move(request));

    if (!result.success()) {
      log().warn("the chat server answered " + std::to_string(result.status));
      co_return belfry::http_outcome(result);
    }
    co_return belfry::Outcome::delivered({{"url", url_}});
  }

 private:
  std::string url_;
  belfry::Secret token_;
};

}  // namespace

BELFRY_PLUGIN(ChatSink, "chat", kSchema, .title = "Chat", .version = "1.0.0", .license = "MIT", .services = {BELFRY_HOST_HTTP_CLIENT_1})
