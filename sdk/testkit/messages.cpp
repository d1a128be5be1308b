#include "belfry/testkit/messages.hpp"

namespace belfry::testkit {

namespace {

nlohmann::json item(std::size_t number) {
  return {{"id", "01890a5d-ac96-774b-bcce-00000000000" + std::to_string(number % 10)},
          {"source", "coder"},
          {"msg_id", "fc0dbe51-90b2-43d2-8a00-00000000000" + std::to_string(number % 10)},
          {"received_at_ms", 1767225600000},
          {"name", "Workspace Created"},
          {"template_id", "281fdf73-c6d6-4cbb-8ff5-888baf8a2fff"},
          {"title", "Workspace 'bobby-workspace' created"},
          {"title_markdown", "Workspace 'bobby-workspace' created"},
          {"body", "Hi Bobby, the workspace bobby-workspace has been created."},
          {"body_markdown", "Hi Bobby, the workspace **bobby-workspace** has been created."},
          {"recipient",
           {{"id", "5de1ceac-c0f9-49a4-9d1a-06a4eb1ff9b5"}, {"email", "bobby@coder.com"}, {"name", "Bobby"}, {"username", "bobby"}}},
          {"actions", {{{"label", "View workspace"}, {"url", "https://coder.example.com/@bobby/bobby-workspace"}}}},
          {"labels", {{"workspace", "bobby-workspace"}, {"template", "bobby-template"}}},
          {"data", nullptr},
          {"targets", nlohmann::json::array()},
          {"severity", ""}};
}

nlohmann::json document(const std::string& kind, const std::string& delivery_id, nlohmann::json items) {
  return {{"version", 1},
          {"kind", kind},
          {"delivery_id", delivery_id},
          {"destination", {{"audience", "direct"}, {"address", "bobby@coder.com"}}},
          {"overrides", nlohmann::json::object()},
          {"sensitive", false},
          {"allow_sensitive", false},
          {"possible_duplicate", false},
          {"update_key", ""},
          {"items", std::move(items)}};
}

}  // namespace

nlohmann::json notification(const std::string& delivery_id) {
  return document("notification", delivery_id, nlohmann::json::array({item(0)}));
}

nlohmann::json digest(std::size_t count) {
  auto items = nlohmann::json::array();
  for (std::size_t i = 0; i < count; ++i) items.push_back(item(i));
  return document("digest", "01890a5d-ac96-774b-bcce-b302099a8058", std::move(items));
}

nlohmann::json shared_notification(const std::string& address) {
  auto shared = notification();
  shared["destination"] = {{"audience", "shared"}, {"address", address}};
  return shared;
}

}  // namespace belfry::testkit
