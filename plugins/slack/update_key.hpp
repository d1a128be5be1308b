// The template that says which notifications are about the same thing: text with {{path}} in it. A path is name, template_id,
// recipient.username, labels.X or data.X.Y. Also "per_workspace": the owner and the name of the workspace that Coder's notifications are
// about. A value: any thread.
#pragma once
#include <belfry/sdk.hpp>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace belfry::slack {

class UpdateKey {
 public:
  // An error is one sentence. Empty text: a key that is always empty.
  [[nodiscard]] static std::expected<UpdateKey, std::string> parse(std::string_view text);

  // Empty when one of the paths has no value there: what is unknown is never taken to be the same.
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
