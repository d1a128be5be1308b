// Where a sink brings a notification. Pure.
#pragma once
#include <nlohmann/json.hpp>
#include <string>

#include "model/delivery.hpp"
#include "model/pipeline.hpp"

namespace belfry::route {

// Shared, when the sink's destination key is overridden by a non-empty string, or else configured with one; an override with the empty
// string turns a fixed place back into direct messages. Direct otherwise: the recipient's e-mail in lower case (ASCII), else user id,
// else user name, else empty: then the sink has to refuse it.
[[nodiscard]] model::Destination destination_of(const model::SinkAddressing& sink, const nlohmann::json& overrides,
                                                const model::Recipient& recipient);

// One person has one address: in lower case (ASCII). RFC 5321 lets the local part be case-sensitive; no mail system that people use is.
[[nodiscard]] std::string normal_email(std::string email);

// Others would read what is for one person only.
[[nodiscard]] inline bool exposes(const model::Destination& destination, bool sensitive, bool allow_sensitive) {
  return sensitive && !allow_sensitive && destination.audience == model::Audience::shared;
}

}  // namespace belfry::route
