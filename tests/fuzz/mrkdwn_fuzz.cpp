// Renders a notification with arbitrary text. The request to Slack must obey the documented limits and contain no control sequence from the
// text. Input: switches (1 byte), text.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "plugins/slack/block_kit_check.hpp"
#include "slack/message/payload.hpp"

using nlohmann::json;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const bool buttons = (data[0] & 1) != 0;
  const std::string bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  // Sinks only get valid UTF-8, because the text was JSON before.
  const std::string text = json::parse(json(bytes).dump(-1, ' ', false, json::error_handler_t::replace)).get<std::string>();
  const json item = {
      {"title", text}, {"body", text}, {"body_markdown", text}, {"actions", {{{"label", text}, {"url", "https://a.b/" + text}}}}};
  const json document = {{"kind", "notification"}, {"delivery_id", "d"}, {"items", {item}}};
  const belfry::sdk::Message message(document);
  const belfry::slack::RenderOptions options = {.coder_url = "https://coder.example.com", .buttons = buttons};
  for (const std::string& post :
       {belfry::slack::message_payload(message, "U1", options), belfry::slack::text_only_payload(message, "U1", options)}) {
    for (const std::string& problem : belfry::slack_test::check_post(json::parse(post))) {
      std::fprintf(stderr, "%s\n%s\n", problem.c_str(), post.c_str());
      std::abort();
    }
  }
  return 0;
}
