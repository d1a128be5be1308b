// What Slack posts to the gateway, and what it is answered. Functions of their arguments only: any thread.
#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace belfry::slack {

struct Posted {
  std::string_view content_type;
  std::string_view body;
};

struct Answer {
  int status = 200;
  std::string content_type;
  std::string body;

  bool operator==(const Answer&) const = default;
};

// Slack checking the certificate of the address: the form field ssl_check=1, once and exactly so. It comes unsigned, so nothing else that
// it carries may have an effect.
[[nodiscard]] bool is_ssl_check(const Posted& posted);

// Something that Slack calls an interaction, whichever way it came: an object with a type. Every one is acknowledged.
[[nodiscard]] bool is_interaction(const nlohmann::json& payload);

// The answer to a request whose signature is right. An interaction is acknowledged by an empty 200, which Slack wants within 3 s: clicks on
// link buttons arrive too, and one without an answer shows a warning to the person who clicked.
[[nodiscard]] Answer answer(const Posted& posted);

}  // namespace belfry::slack
