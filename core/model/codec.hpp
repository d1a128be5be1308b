// The JSON codec of the model: the stored form (complete, private) and the document for plugins (sdk/message.schema.json).
#pragma once
#include <string>

#include "base/error.hpp"
#include "model/message.hpp"

namespace belfry::model {

// The stored form. decode(encode(n)) == n.
[[nodiscard]] std::string encode(const Notification& notification);
[[nodiscard]] base::Result<Notification> decode_notification(std::string_view bytes);

[[nodiscard]] std::string encode(const Outcome& outcome);
[[nodiscard]] base::Result<Outcome> decode_outcome(std::string_view bytes);

// The document that a plugin gets: sdk/message.schema.json.
[[nodiscard]] std::string message_document(const Message& message);

}  // namespace belfry::model
