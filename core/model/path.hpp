// path: names one value of a notification, as in `when`: "name", "labels.reason", "data.owner.email".
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "model/notification.hpp"

namespace belfry::model {

// The value at a path. Borrows from the notification.
struct PathValue {
  enum class Kind { absent, text, number, boolean, structure };
  Kind kind = Kind::absent;
  bool exists = false;                     // false for an empty field of the notification; true for an empty label
  std::string_view text;                   // kind text
  bool flag = false;                       // kind boolean
  const nlohmann::json* number = nullptr;  // kind number
};

class Path {
 public:
  // ErrorCode::invalid: the message names the unknown path and lists the valid ones.
  [[nodiscard]] static base::Result<Path> parse(std::string_view text);

  // Everything after "labels." is one label name. Each name after "data." leads one object down; null counts as absent.
  [[nodiscard]] PathValue read(const Notification& notification) const;

  // Whether the value is content rather than metadata, and so must not be shown if the notification is sensitive.
  [[nodiscard]] bool is_content() const;

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
