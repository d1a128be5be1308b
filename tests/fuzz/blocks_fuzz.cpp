// Whatever a whole notification or digest holds, and whoever it is framed for, its blocks keep Slack's rules and mention nobody but the
// group that we name ourselves. The input is split at the byte 0xFF, which no UTF-8 has: switches, then the texts in turn.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "plugins/slack/block_kit_check.hpp"
#include "slack/payload.hpp"

using nlohmann::json;

namespace {

const std::string kGroup = "<!subteam^S0123456789>";

// What reaches a sink is valid UTF-8: it has been JSON.
std::string utf8(const std::string& bytes) {
  return json::parse(json(bytes).dump(-1, ' ', false, json::error_handler_t::replace)).get<std::string>();
}

class Texts {
 public:
  explicit Texts(std::string bytes) : bytes_(std::move(bytes)) {}

  std::string next() {
    const std::size_t end = std::min(bytes_.find('\xFF', at_), bytes_.size());
    std::string text = utf8(bytes_.substr(at_, end - at_));
    at_ = end < bytes_.size() ? end + 1 : 0;  // from the beginning again
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
  belfry::slack::Look look = {.coder_url = "https://coder.example.com", .buttons = (data[0] & 2) != 0};
  look.severity = (data[0] & 4) != 0;
  look.footer = (data[0] & 8) != 0;
  Texts texts(std::string(reinterpret_cast<const char*>(data + 4), size - 4));
  json document = {{"kind", digest ? "digest" : "notification"}, {"delivery_id", "d"}, {"possible_duplicate", (data[0] & 16) != 0}};
  const std::size_t items = digest ? 1 + data[1] % 24 : 1;
  for (std::size_t i = 0; i < items; ++i) document["items"].push_back(item_of(texts, data[2] % 30, std::int64_t{data[3]} << (i % 50)));
  belfry::slack::Frame frame;
  if ((data[0] & 32) != 0) frame.for_person = texts.next();
  if ((data[0] & 64) != 0) frame.mention = kGroup;
  const belfry::sdk::Message message(document);
  for (const std::string& post :
       {belfry::slack::post(message, "U1", look, frame), belfry::slack::text_only_post(message, "U1", look, frame)}) {
    for (const std::string& problem : belfry::slack_test::check_post(json::parse(post), frame.mention)) {
      std::fprintf(stderr, "%s\n%s\n", problem.c_str(), post.c_str());
      std::abort();
    }
  }
  return 0;
}
