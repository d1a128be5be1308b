// A message to deliver: one notification, or a digest of several, for one destination. Its JSON format is sdk/message.schema.json.
#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "belfry/sdk/message_parts.hpp"
#include "belfry/sdk/message_reader.hpp"
#include "belfry/sdk/outcome.hpp"

namespace belfry::sdk {

// Metadata of one delivery attempt, passed beside the document.
struct AttemptInfo {
  std::uint32_t number = 1;         // 1, 2, ...
  bool possible_duplicate = false;  // an earlier attempt may have been delivered
  MonotonicTime deadline{};         // the attempt is abandoned at this time
};

class BlockingSink;

// A value. The document is parsed on first access: if it is not a JSON object, the accessors that read it throw OutcomeError.
// Thread rule: one thread at a time.
class Message {
 public:
  enum class Kind { notification, digest };

  explicit Message(const belfry_message& raw) : delivery_id_(detail::view(raw.delivery_id)), body_(detail::view(raw.body_json)) {
    attempt_.number = raw.attempt;
    attempt_.possible_duplicate = (raw.flags & BELFRY_MESSAGE_POSSIBLE_DUPLICATE) != 0;
    attempt_.deadline = MonotonicTime(Millis(raw.deadline_ms));
    sensitive_ = (raw.flags & BELFRY_MESSAGE_SENSITIVE) != 0;
  }
  // Wraps a document, for unit tests that need no host.
  explicit Message(const nlohmann::json& document, AttemptInfo attempt = {})
      : delivery_id_(text(document, "delivery_id")), body_(document.dump()), attempt_(attempt) {
    sensitive_ = flag(document, "sensitive");
    if (flag(document, "possible_duplicate")) attempt_.possible_duplicate = true;
  }

  // Idempotency key: the same for every attempt of a delivery, different for every delivery.
  [[nodiscard]] const std::string& delivery_id() const { return delivery_id_; }
  [[nodiscard]] std::uint32_t attempt() const { return attempt_.number; }
  // On the clock of Clock::monotonic().
  [[nodiscard]] MonotonicTime deadline() const { return attempt_.deadline; }
  [[nodiscard]] bool possible_duplicate() const { return attempt_.possible_duplicate; }
  // Must not be shown where others can read it, unless allow_sensitive().
  [[nodiscard]] bool sensitive() const { return sensitive_; }
  [[nodiscard]] bool allow_sensitive() const { return parts().allow_sensitive; }
  // True if the message must not be sent to its destination: it is sensitive, the destination is shared, and allow_sensitive() is false.
  [[nodiscard]] bool forbidden_here() const { return sensitive() && destination().audience == Audience::shared && !allow_sensitive(); }

  [[nodiscard]] Kind kind() const { return parts().digest ? Kind::digest : Kind::notification; }
  // Why these notifications were combined: a sentence in plain text for the digest's reader. Usually empty; always empty for a
  // notification.
  [[nodiscard]] const std::string& note() const { return parts().note; }
  [[nodiscard]] const Destination& destination() const { return parts().destination; }
  // Members of the sink's config that the route overrides: {"channel": "C1"}. Always an object.
  [[nodiscard]] const nlohmann::json& overrides() const { return parts().overrides; }
  [[nodiscard]] const std::string& update_key() const { return parts().update_key; }

  // Exactly one item for a notification, at least one for a digest. Throws OutcomeError if the document has none.
  [[nodiscard]] const std::vector<Item>& items() const {
    if (parts().items.empty()) throw OutcomeError(Outcome::rejected("bad_message", "the message has no items"));
    return parts_->items;
  }
  [[nodiscard]] const Item& item() const { return items().front(); }

  // Parses the text on every call.
  [[nodiscard]] nlohmann::json document() const {
    auto parsed = detail::read_json(body_);
    if (!parsed || !parsed->is_object()) throw_no_object();
    return std::move(*parsed);
  }
  // The document as received.
  [[nodiscard]] const std::string& body_json() const { return body_; }

 private:
  friend class BlockingSink;  // sets the deadline when queued work starts

  [[noreturn]] static void throw_no_object() { throw OutcomeError(Outcome::rejected("bad_message", "the message is not a JSON object")); }
  const detail::MessageParts& parts() const {
    if (!parts_) parts_ = detail::MessageReader::read(body_);
    if (!parts_) throw_no_object();
    return *parts_;
  }
  static std::string text(const nlohmann::json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
  }
  static bool flag(const nlohmann::json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_boolean() && found->get<bool>();
  }

  std::string delivery_id_;
  std::string body_;
  AttemptInfo attempt_;
  bool sensitive_ = false;
  mutable std::optional<detail::MessageParts> parts_;
};

}  // namespace belfry::sdk
