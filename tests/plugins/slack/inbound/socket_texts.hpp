// Texts on a WebSocket of Socket Mode: from Slack, and the acknowledgement.
#pragma once
#include <string>

namespace belfry::slack {

inline constexpr const char* kHello = R"({"type":"hello","num_connections":1,"connection_info":{"app_id":"A1"}})";

inline std::string disconnect(const std::string& reason) { return R"({"type":"disconnect","reason":")" + reason + R"("})"; }
inline std::string click(const std::string& id) {
  return R"({"envelope_id":")" + id + R"(","type":"interactive","accepts_response_payload":false,"payload":{"type":"block_actions"}})";
}
inline std::string ack(const std::string& id) { return R"({"envelope_id":")" + id + R"("})"; }

}  // namespace belfry::slack
