// A template for a sink. Publishes to an ntfy server (https://docs.ntfy.sh/publish/), which pushes notifications to phones.
// Rename it, change the schema, and turn a message into the requests of your remote in deliver().
#include <belfry/sdk.hpp>

namespace {

// The schema of the sink's `config:`. The gateway validates the configuration, fills in defaults, and reveals an x-secret only at use.
constexpr const char* kSchema = R"({
  "type": "object",
  "required": ["url"],
  "additionalProperties": false,
  "properties": {
    "url": { "type": "string", "pattern": "^https?://[^/]+/?$", "description": "the ntfy server" },
    "token": { "type": "string", "x-secret": true, "description": "an access token that may publish" },
    "topic_prefix": { "type": "string", "pattern": "^[-_A-Za-z0-9]{0,32}$", "default": "coder-",
                      "description": "prepended to the user name to form the topic" }
  }
})";

// ntfy's limits: a topic has 1 to 64 of these characters; at most three actions; a message over 4096 bytes would become an attachment.
constexpr std::string_view kTopicCharacters = "-_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
constexpr std::size_t kMaxTopic = 64;
constexpr std::size_t kMaxActions = 3;
constexpr std::size_t kMaxMessage = 4096;

std::string shortened(std::string text) {
  constexpr std::string_view kMark = "...";
  if (text.size() <= kMaxMessage) return text;
  auto end = kMaxMessage - kMark.size();
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;  // not inside a UTF-8 sequence
  return text.substr(0, end).append(kMark);
}

class NtfySink final : public belfry::Sink {
 public:
  // No network here: `belfry check` calls this too.
  belfry::Findings configure(const belfry::Config& config) override {
    belfry::Findings findings;
    url_ = config.string("url");
    token_ = config.secret("token");
    topic_prefix_ = config.string("topic_prefix");
    if (!token_.empty() && !url_.starts_with("https://")) {
      findings.error(config.pointer("url"), "the token would be sent in plain text", "begin the address with https://");
    }
    return findings;
  }

  // A coroutine: many run at once, on one thread at a time. Returns how the attempt ended; the gateway decides when to try again.
  belfry::Task<belfry::Outcome> deliver(belfry::Message message) override {
    if (message.forbidden_here()) co_return belfry::Outcome::rejected("sensitive_to_shared", "sensitive message for a shared destination");
    const auto topic = topic_prefix_ + message.item().recipient.username;
    if (topic == topic_prefix_ || topic.size() > kMaxTopic || topic.find_first_not_of(kTopicCharacters) != std::string::npos)
      co_return belfry::Outcome::rejected("no_topic", "the recipient's user name is empty or not valid in a topic");

    auto request = belfry::HttpRequest::post(url_, document(topic, message).dump());
    request.headers.push_back({"Content-Type", "application/json"});
    if (!token_.empty()) request.headers.push_back({"Authorization", "Bearer " + token_.reveal()});
    const auto result = co_await http().send(std::move(request));

    auto outcome = belfry::http_outcome(result);
    if (outcome.code == belfry::Outcome::Code::delivered) outcome.receipt = {{"data", {{"topic", topic}}}};
    co_return outcome;
  }

 private:
  // Combines the items of a digest into one message.
  static nlohmann::json document(const std::string& topic, const belfry::Message& message) {
    const auto& first = message.item();
    std::string text;
    for (const auto& item : message.items()) {
      if (!text.empty()) text += "\n\n" + item.title + "\n";
      text += item.body;
    }
    auto actions = nlohmann::json::array();
    for (const auto& action : first.actions) {
      const bool link = action.url.starts_with("https://") || action.url.starts_with("http://");
      if (link && actions.size() < kMaxActions) actions.push_back({{"action", "view"}, {"label", action.label}, {"url", action.url}});
    }
    return {{"topic", topic}, {"title", first.title}, {"message", shortened(std::move(text))}, {"actions", actions}};
  }

  std::string url_;
  belfry::Secret token_;
  std::string topic_prefix_;
};

}  // namespace

BELFRY_PLUGIN(NtfySink, "ntfy", kSchema, .title = "ntfy", .version = "1.0.0", .license = "MIT", .services = {BELFRY_HOST_HTTP_CLIENT_1})
