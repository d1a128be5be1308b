// Parses a Coder document in one pass, without building a tree: this is the hot path of the webhook. Private to this folder.
#pragma once
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "model/notification.hpp"

namespace belfry::source {

using Text = std::optional<std::string>;  // none: absent or null

struct CoderAction {
  Text label, url;

  bool operator==(const CoderAction&) const = default;
};

struct CoderPayload {
  bool present = false;
  Text name, template_id, user_id, user_email, user_name, user_username;
  bool has_actions = false;
  std::vector<CoderAction> actions;
  std::map<std::string, std::string> labels;
  nlohmann::json data;
  std::vector<std::string> targets;

  bool operator==(const CoderPayload&) const = default;
};

struct CoderDocument {
  Text msg_id, title, title_markdown, body, body_markdown;
  CoderPayload payload;

  bool operator==(const CoderDocument&) const = default;
};

// A SAX handler with the interface of nlohmann::json. A callback that returns false ends the parse; error() then has the reason.
class CoderReader {
 public:
  explicit CoderReader(std::size_t body_size) : body_size_(body_size) {}

  [[nodiscard]] CoderDocument& document() { return document_; }
  [[nodiscard]] const std::string& error() const { return error_; }

  bool null();
  bool boolean(bool value);
  bool number_integer(std::int64_t value);
  bool number_unsigned(std::uint64_t value);
  bool number_float(double value, const std::string& as_written);
  bool string(std::string& value);
  bool binary(nlohmann::json::binary_t& value);
  bool start_object(std::size_t size);
  bool key(std::string& name);
  bool end_object();
  bool start_array(std::size_t size);
  bool end_array();
  bool zero_byte(std::size_t position);
  bool parse_error(std::size_t position, const std::string& token, const nlohmann::json::exception& why);

 private:
  // The meaning of a value, or of an open object or array.
  enum class Role { document, payload, actions, action, labels, targets, data, text, ignored };

  [[nodiscard]] Role role_of_value();
  [[nodiscard]] Text* text_slot();
  nlohmann::json& add_data(nlohmann::json value);
  [[nodiscard]] std::string path() const;
  [[nodiscard]] Role innermost() const { return open_.empty() ? Role::document : open_.back(); }
  bool other_scalar(nlohmann::json value, const char* found);  // neither null nor a string
  bool open(bool object);
  bool close();
  bool wrong_type(const char* found);
  bool fail(std::string error);

  std::size_t body_size_;
  CoderDocument document_;
  std::string error_;
  std::vector<Role> open_;             // outermost first
  std::string key_;                    // latest key of the innermost object
  std::vector<nlohmann::json*> data_;  // open nodes of payload.data
};

}  // namespace belfry::source
