// Whatever a notification says, what is sent to Slack keeps the documented limits and holds no control sequence of its author.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "plugins/slack/block_kit_check.hpp"
#include "slack/payload.hpp"

using nlohmann::json;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const bool buttons = (data[0] & 1) != 0;
  const std::string bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  // What reaches a sink is valid UTF-8: it has been JSON.
  const std::string text = json::parse(json(bytes).dump(-1, ' ', false, json::error_handler_t::replace)).get<std::string>();
  const json item = {
      {"title", text}, {"body", text}, {"body_markdown", text}, {"actions", {{{"label", text}, {"url", "https://a.b/" + text}}}}};
  const json document = {{"kind", "notification"}, {"delivery_id", "d"}, {"items", {item}}};
  const belfry::sdk::Message message(document);
  const belfry::slack::Look look = {.coder_url = "https://coder.example.com", .buttons = buttons};
  for (const std::string& post : {belfry::slack::post(message, "U1", look), belfry::slack::text_only_post(message, "U1", look)}) {
    for (const std::string& problem : belfry::slack_test::check_post(json::parse(post))) {
      std::fprintf(stderr, "%s\n%s\n", problem.c_str(), post.c_str());
      std::abort();
    }
  }
  return 0;
}
