// The template that determines which notifications are about the same thing: text with {{path}} in it. A path is name, template_id,
// recipient.username, labels.X or data.X.Y. Alternatively "per_workspace": the owner and the name of the workspace in Coder's
// notifications. A value type; any thread.
#pragma once
#include <belfry/sdk.hpp>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace belfry::slack {

class UpdateKey {
 public:
  // The error is one sentence. Empty text yields a key that is always empty.
  [[nodiscard]] static std::expected<UpdateKey, std::string> parse(std::string_view text);

  // The key of a notification; empty if one of the paths has no value, because unknown values must never count as equal.
  [[nodiscard]] std::string of(const Item& item) const;

 private:
  struct Piece {
    bool path = false;
    std::string text;
  };

  bool per_workspace_ = false;
  std::vector<Piece> pieces_;
};

}  // namespace belfry::slack
