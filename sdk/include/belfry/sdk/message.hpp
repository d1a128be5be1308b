// What is to be delivered: one notification, or a digest of several, for one destination. The document is sdk/message.schema.json.
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

// What surrounds the document.
struct Attempt {
  std::uint32_t number = 1;
  bool possible_duplicate = false;  // an earlier attempt may have arrived
  Timestamp deadline{};             // then the delivery is abandoned
  nlohmann::json prior_receipt;     // of the last message with the same update key; null: none
};

class BlockingSink;

// A value, parsed when it is first looked at: accessors of a document that is no JSON object throw OutcomeError.
// Thread rule: one thread at a time.
class Message {
 public:
  enum class Kind { notification, digest };

  explicit Message(const belfry_message& raw) : delivery_id_(detail::view(raw.delivery_id)), body_(detail::view(raw.body_json)) {
    attempt_.number = raw.attempt;
    attempt_.possible_duplicate = (raw.flags & BELFRY_MESSAGE_POSSIBLE_DUPLICATE) != 0;
    attempt_.deadline = Timestamp(Millis(raw.deadline_unix_ms));
    if (raw.prior_receipt_json.len > 0) {
      auto receipt = nlohmann::json::parse(detail::view(raw.prior_receipt_json), nullptr, false);
      if (receipt.is_object()) attempt_.prior_receipt = std::move(receipt);
    }
    sensitive_ = (raw.flags & BELFRY_MESSAGE_SENSITIVE) != 0;
  }
  // From a document, for tests of pure code.
  explicit Message(const nlohmann::json& document, Attempt attempt = {})
      : delivery_id_(text(document, "delivery_id")), body_(document.dump()), attempt_(std::move(attempt)) {
    sensitive_ = flag(document, "sensitive");
    if (flag(document, "possible_duplicate")) attempt_.possible_duplicate = true;
  }

  // The idempotency key: the same for every attempt, another one for every delivery.
  [[nodiscard]] const std::string& delivery_id() const { return delivery_id_; }
  [[nodiscard]] std::uint32_t attempt() const { return attempt_.number; }
  [[nodiscard]] Timestamp deadline() const { return attempt_.deadline; }
  [[nodiscard]] bool possible_duplicate() const { return attempt_.possible_duplicate; }
  [[nodiscard]] const nlohmann::json& prior_receipt() const { return attempt_.prior_receipt; }
  // Not to be shown where others read, unless allow_sensitive().
  [[nodiscard]] bool sensitive() const { return sensitive_; }
  [[nodiscard]] bool allow_sensitive() const { return parts().allow_sensitive; }
  // True when this message must not go where it is addressed to: sensitive, shared, and nobody allowed it.
  [[nodiscard]] bool forbidden_here() const { return sensitive() && destination().audience == Audience::shared && !allow_sensitive(); }

  [[nodiscard]] Kind kind() const { return parts().digest ? Kind::digest : Kind::notification; }
  // Of a digest: why it is one, a sentence for its reader; plain text, mostly empty.
  [[nodiscard]] const std::string& note() const { return parts().note; }
  [[nodiscard]] const Destination& destination() const { return parts().destination; }
  // Keys of the sink's config that the route sets: {"channel": "C1"}. An object.
  [[nodiscard]] const nlohmann::json& overrides() const { return parts().overrides; }
  [[nodiscard]] const std::string& update_key() const { return parts().update_key; }

  // At least one; exactly one unless kind() is digest.
  [[nodiscard]] const std::vector<Item>& items() const {
    if (parts().items.empty()) throw OutcomeError(Outcome::rejected("bad_message", "the message has no items"));
    return parts_->items;
  }
  [[nodiscard]] const Item& item() const { return items().front(); }

  // The document as JSON, made anew, and as the text it came in.
  [[nodiscard]] nlohmann::json document() const {
    auto parsed = nlohmann::json::parse(body_, nullptr, false);
    if (!parsed.is_object()) throw_no_object();
    return parsed;
  }
  [[nodiscard]] const std::string& body_json() const { return body_; }

 private:
  friend class BlockingSink;  // sets the deadline of work that began later

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
  Attempt attempt_;
  bool sensitive_ = false;
  mutable std::optional<detail::MessageParts> parts_;
};

}  // namespace belfry::sdk
