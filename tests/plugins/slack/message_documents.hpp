// Variations of the test kit's notification.
#pragma once
#include <string>

#include "belfry/testkit/messages.hpp"

namespace belfry::slack {

// A notification to `email`, both the destination's address and the recipient's.
inline nlohmann::json notification_to(const std::string& email) {
  nlohmann::json document = testkit::notification();
  document["destination"]["address"] = email;
  document["items"][0]["recipient"]["email"] = email;
  return document;
}

// A notification whose item has `value` for `key`.
inline nlohmann::json notification_with(const char* key, const nlohmann::json& value) {
  nlohmann::json document = testkit::notification();
  document["items"][0][key] = value;
  return document;
}

}  // namespace belfry::slack
