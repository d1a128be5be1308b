// Maps a notification to its destination within a sink. Pure.
#pragma once
#include <nlohmann/json.hpp>
#include <string>

#include "model/delivery.hpp"
#include "model/pipeline.hpp"

namespace belfry::route {

// Shared if the route overrides the sink's destination key with a non-empty string, or else if the sink is configured with one; an empty
// override turns a fixed destination back into direct messages. Otherwise direct: the recipient's e-mail address in lower case (ASCII),
// else the user id, else the user name, else empty, which the sink has to reject.
[[nodiscard]] model::Destination destination_of(const model::SinkAddressing& sink, const nlohmann::json& overrides,
                                                const model::Recipient& recipient);

// Lower-cases ASCII letters, so that one person has one address. RFC 5321 allows the local part to be case-sensitive; no mail system in
// common use treats it so.
[[nodiscard]] std::string normalized_email(std::string email);

// Whether the destination would show a sensitive notification to people other than its recipient.
[[nodiscard]] inline bool exposes(const model::Destination& destination, bool sensitive, bool allow_sensitive) {
  return sensitive && !allow_sensitive && destination.audience == model::Audience::shared;
}

}  // namespace belfry::route
