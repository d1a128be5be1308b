// Conditions of the rules under test.
#pragma once
#include <string>

#include "model/pipeline.hpp"

namespace belfry::route {

// A notification whose name matches `pattern`.
inline model::Condition named(std::string pattern) {
  return {.comparisons = {{.path = "name", .op = model::Comparison::Op::regex, .text = std::move(pattern)}}};
}

}  // namespace belfry::route
