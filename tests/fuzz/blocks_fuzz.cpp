// Renders arbitrary notifications and digests. The blocks must obey Slack's limits and must not mention anyone but the configured group.
// Input: 4 bytes of switches, then texts separated by the byte 0xFF, which never occurs in UTF-8.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "plugins/slack/block_kit_check.hpp"
#include "slack/message/payload.hpp"

using nlohmann::json;

namespace {

const std::string kGroup = "<!subteam^S0123456789>";

// Sinks only get valid UTF-8, because the text was JSON before.
std::string utf8(const std::string& bytes) {
  return json::parse(json(bytes).dump(-1, ' ', false, json::error_handler_t::replace)).get<std::string>();
}

class Texts {
 public:
  explicit Texts(std::string bytes) : bytes_(std::move(bytes)) {}

  std::string next() {
    const std::size_t end = std::min(bytes_.find('\xFF', at_), bytes_.size());
    std::string text = utf8(bytes_.substr(at_, end - at_));
    at_ = end < bytes_.size() ? end + 1 : 0;  // wraps around
    return text;
  }

 private:
  std::string bytes_;
  std::size_t at_ = 0;
};

json item_of(Texts& texts, std::size_t actions, std::int64_t at) {
  json item = {{"title", texts.next()}, {"body_markdown", texts.next()}, {"body", texts.next()}, {"name", texts.next()}};
  item["severity"] = std::vector<std::string>{"", "info", "warning", "error", "critical", "<!here>"}[actions % 6];
  item["received_at_ms"] = at;
  item["actions"] = json::array();
  for (std::size_t i = 0; i < actions; ++i) item["actions"].push_back({{"label", texts.next()}, {"url", texts.next()}});
  return item;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4) return 0;
  const bool digest = (data[0] & 1) != 0;
  belfry::slack::RenderOptions options = {.coder_url = "https://coder.example.com", .buttons = (data[0] & 2) != 0};
  options.severity = (data[0] & 4) != 0;
  options.footer = (data[0] & 8) != 0;
  Texts texts(std::string(reinterpret_cast<const char*>(data + 4), size - 4));
  json document = {{"kind", digest ? "digest" : "notification"}, {"delivery_id", "d"}, {"possible_duplicate", (data[0] & 16) != 0}};
  const std::size_t items = digest ? 1 + data[1] % 24 : 1;
  for (std::size_t i = 0; i < items; ++i) document["items"].push_back(item_of(texts, data[2] % 30, std::int64_t{data[3]} << (i % 50)));
  belfry::slack::Preamble preamble;
  if ((data[0] & 32) != 0) preamble.for_person = texts.next();
  if ((data[0] & 64) != 0) preamble.mention = kGroup;
  const belfry::sdk::Message message(document);
  for (const std::string& post : {belfry::slack::message_payload(message, "U1", options, preamble),
                                  belfry::slack::text_only_payload(message, "U1", options, preamble)}) {
    for (const std::string& problem : belfry::slack_test::check_post(json::parse(post), preamble.mention)) {
      std::fprintf(stderr, "%s\n%s\n", problem.c_str(), post.c_str());
      std::abort();
    }
  }
  return 0;
}
