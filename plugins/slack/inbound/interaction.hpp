// Replies to Slack's requests to the gateway. Pure functions; any thread.
#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace belfry::slack {

struct InboundPost {
  std::string_view content_type;
  std::string_view body;
};

struct Reply {
  int status = 200;
  std::string content_type;
  std::string body;

  bool operator==(const Reply&) const = default;
};

// True for Slack's check of the server's certificate: a form with the field ssl_check=1, exactly once. It is unsigned, so nothing else in
// it may have an effect.
[[nodiscard]] bool is_ssl_check(const InboundPost& post);

// True for an interaction, received over HTTP or Socket Mode: an object with a type. Every interaction is acknowledged.
[[nodiscard]] bool is_interaction(const nlohmann::json& payload);

// The reply to a request with a valid signature. Interactions are acknowledged with an empty 200, which Slack expects within 3 s. This
// includes clicks on link buttons: without an acknowledgement, the person who clicked sees a warning.
[[nodiscard]] Reply reply_to(const InboundPost& post);

}  // namespace belfry::slack
