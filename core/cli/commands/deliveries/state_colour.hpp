// The colour of a delivery's state in tables.
#pragma once
#include <string_view>

#include "cli/terminal.hpp"

namespace belfry::cli {

[[nodiscard]] inline Colour colour_of_state(std::string_view state) {
  if (state == "dead" || state == "rejected" || state == "expired") return Colour::red;
  if (state == "backoff") return Colour::yellow;
  return state == "delivered" ? Colour::green : Colour::none;
}

}  // namespace belfry::cli
