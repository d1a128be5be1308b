// What is to be delivered: one notification, or a digest of several, for one destination. The document is sdk/message.schema.json.
#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "belfry/sdk/outcome.hpp"

namespace belfry::sdk {

using Timestamp = std::chrono::sys_time<Millis>;

struct Recipient {
  std::string id;     // the source's own id of the person; any of these may be empty
  std::string email;  // as the source wrote it
  std::string name;   // for people
  std::string username;
};

struct Action {
  std::string label;
  std::string url;  // as the source wrote it: may be relative, or no URL at all
};

// One notification. Strings that the source did not give are empty; title and body never are.
struct Item {
  std::string id;
  std::string source;
  std::string msg_id;  // the source's own id
  Timestamp received_at{};
  std::string name;  // "Workspace Created"
  std::string template_id;
  std::string title;
  std::string title_markdown;
  std::string body;
  std::string body_markdown;
  Recipient recipient;
  std::vector<Action> actions;
  std::map<std::string, std::string> labels;
  nlohmann::json data;  // null, or an object
  std::vector<std::string> targets;
  std::string severity;  // "", "info", "warning", "error", "critical"
};

enum class Audience { direct, shared };  // one person, or a place that others read too

struct Destination {
  Audience audience = Audience::direct;
  std::string address;  // direct: e-mail in lower case, else the source's user id; shared: the sink's name of the place
};

// What surrounds the document.
struct Attempt {
  std::uint32_t number = 1;
  bool possible_duplicate = false;  // an earlier attempt may have arrived
  Timestamp deadline{};             // then the delivery is abandoned
  nlohmann::json prior_receipt;     // of the last message with the same update key; null: none
};

// A value, parsed when it is first looked at: accessors of a document that is no JSON object throw OutcomeError.
// Thread rule: one thread at a time.
class Message {
 public:
  enum class Kind { notification, digest };

  explicit Message(const belfry_message& raw) : delivery_id_(detail::view(raw.delivery_id)), body_(detail::view(raw.body_json)) {
    attempt_.number = raw.attempt;
    attempt_.possible_duplicate = (raw.flags & BELFRY_MESSAGE_POSSIBLE_DUPLICATE) != 0;
    attempt_.deadline = Timestamp(Millis(raw.deadline_unix_ms));
    const auto receipt = nlohmann::json::parse(detail::view(raw.prior_receipt_json), nullptr, false);
    if (receipt.is_object()) attempt_.prior_receipt = receipt;
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
  [[nodiscard]] bool allow_sensitive() const { return flag(document(), "allow_sensitive"); }
  // True when this message must not go where it is addressed to: sensitive, shared, and nobody allowed it.
  [[nodiscard]] bool forbidden_here() const { return sensitive() && destination().audience == Audience::shared && !allow_sensitive(); }

  [[nodiscard]] Kind kind() const { return text(document(), "kind") == "digest" ? Kind::digest : Kind::notification; }
  [[nodiscard]] Destination destination() const {
    const auto& d = member(document(), "destination");
    return {text(d, "audience") == "shared" ? Audience::shared : Audience::direct, text(d, "address")};
  }
  // Keys of the sink's config that the route sets: {"channel": "C1"}. An object.
  [[nodiscard]] const nlohmann::json& overrides() const { return member(document(), "overrides"); }
  [[nodiscard]] std::string update_key() const { return text(document(), "update_key"); }

  // At least one; exactly one unless kind() is digest.
  [[nodiscard]] const std::vector<Item>& items() const {
    if (!items_) items_ = read_items(document());
    return *items_;
  }
  [[nodiscard]] const Item& item() const { return items().front(); }

  // The document as JSON, and as the text it came in.
  [[nodiscard]] const nlohmann::json& document() const {
    if (!document_) {
      auto parsed = nlohmann::json::parse(body_, nullptr, false);
      if (!parsed.is_object()) throw OutcomeError(Outcome::rejected("bad_message", "the message is not a JSON object"));
      document_ = std::move(parsed);
    }
    return *document_;
  }
  [[nodiscard]] const std::string& body_json() const { return body_; }

 private:
  static const nlohmann::json& member(const nlohmann::json& object, const char* key) {
    static const nlohmann::json kEmpty = nlohmann::json::object();
    const auto found = object.find(key);
    return found != object.end() && found->is_object() ? *found : kEmpty;
  }
  static std::string text(const nlohmann::json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
  }
  static bool flag(const nlohmann::json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_boolean() && found->get<bool>();
  }
  static std::vector<Item> read_items(const nlohmann::json& document);
  static Item read_item(const nlohmann::json& n);

  std::string delivery_id_;
  std::string body_;
  Attempt attempt_;
  bool sensitive_ = false;
  mutable std::optional<nlohmann::json> document_;
  mutable std::optional<std::vector<Item>> items_;
};

inline std::vector<Item> Message::read_items(const nlohmann::json& document) {
  std::vector<Item> items;
  const auto list = document.find("items");
  if (list != document.end() && list->is_array()) {
    for (const auto& n : *list) items.push_back(read_item(n));
  }
  if (items.empty()) throw OutcomeError(Outcome::rejected("bad_message", "the message has no items"));
  return items;
}

inline Item Message::read_item(const nlohmann::json& n) {
  Item item;
  item.id = text(n, "id");
  item.source = text(n, "source");
  item.msg_id = text(n, "msg_id");
  if (const auto at = n.find("received_at_ms"); at != n.end() && at->is_number_integer()) {
    item.received_at = Timestamp(Millis(at->get<std::int64_t>()));
  }
  item.name = text(n, "name");
  item.template_id = text(n, "template_id");
  item.title = text(n, "title");
  item.title_markdown = text(n, "title_markdown");
  item.body = text(n, "body");
  item.body_markdown = text(n, "body_markdown");
  const auto& r = member(n, "recipient");
  item.recipient = {text(r, "id"), text(r, "email"), text(r, "name"), text(r, "username")};
  if (const auto actions = n.find("actions"); actions != n.end() && actions->is_array()) {
    for (const auto& action : *actions) item.actions.push_back({text(action, "label"), text(action, "url")});
  }
  for (const auto& [key, value] : member(n, "labels").items()) {
    if (value.is_string()) item.labels.emplace(key, value.get<std::string>());
  }
  if (const auto& data = member(n, "data"); !data.empty()) item.data = data;
  if (const auto targets = n.find("targets"); targets != n.end() && targets->is_array()) {
    for (const auto& target : *targets) {
      if (target.is_string()) item.targets.push_back(target.get<std::string>());
    }
  }
  item.severity = text(n, "severity");
  return item;
}

}  // namespace belfry::sdk
