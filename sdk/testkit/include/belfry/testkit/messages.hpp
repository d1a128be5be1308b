// Message documents (sdk/message.schema.json) for tests, which change the members that they need.
#pragma once
#include <nlohmann/json.hpp>
#include <string>

namespace belfry::testkit {

// One notification for bobby@coder.com, with every field present.
[[nodiscard]] nlohmann::json notification(const std::string& delivery_id = "01890a5d-ac96-774b-bcce-b302099a8057");
// A digest of `count` notifications for the same person.
[[nodiscard]] nlohmann::json digest(std::size_t count);
// One notification for a place that others can read.
[[nodiscard]] nlohmann::json shared_notification(const std::string& address);

}  // namespace belfry::testkit
