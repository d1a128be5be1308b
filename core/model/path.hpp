// path: the name of one value of a notification, as `when` writes it: "name", "labels.reason", "data.owner.email".
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "model/notification.hpp"

namespace belfry::model {

// What a path led to. Borrows from the notification.
struct PathValue {
  enum class Kind { absent, text, number, boolean, structure };
  Kind kind = Kind::absent;
  bool exists = false;                     // an empty field of the notification is a text that does not exist; an empty label exists
  std::string_view text;                   // kind text
  bool flag = false;                       // kind boolean
  const nlohmann::json* number = nullptr;  // kind number
};

class Path {
 public:
  // ErrorCode::invalid names an unknown path and lists the known ones.
  [[nodiscard]] static base::Result<Path> parse(std::string_view text);

  // Everything after "labels." is one label name. Below "data." every name leads one object down; null is absent.
  [[nodiscard]] PathValue read(const Notification& notification) const;

  // The value is what the notification says, rather than what it is about: not to be shown when it is sensitive.
  [[nodiscard]] bool leads_to_content() const;

  bool operator==(const Path&) const = default;

 private:
  enum class Root {
    source,
    name,
    template_id,
    title,
    body,
    recipient_email,
    recipient_name,
    recipient_username,
    severity,
    sensitive,
    label,
    data
  };

  Root root_ = Root::name;
  std::string label_;
  std::vector<std::string> steps_;
};

}  // namespace belfry::model
