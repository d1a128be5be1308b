// Parses the filters that operators use to select deliveries.
// Thread rule: pure.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "store/inspection.hpp"

namespace belfry::api {

// As written; nullopt: absent.
struct FilterText {
  std::optional<std::string> state, sink, to, event, since;
};

// `sinks`: the known ones; `now`: wall clock. ErrorCode::invalid: the message has the value found and those that are valid.
[[nodiscard]] base::Result<store::Filter> read_filter(const FilterText& text, const std::vector<std::string>& sinks, base::Timestamp now);

// "2026-01-31T09:00:00Z", or how long before `now`: "2d", "36h", "90m", "30s".
[[nodiscard]] base::Result<base::Timestamp> read_since(const std::string& text, base::Timestamp now);

// The cursor of a listing: "d1-4711". `kind`: the letter; the number is that of the format.
[[nodiscard]] std::string write_cursor(char kind, std::uint64_t position);
[[nodiscard]] base::Result<std::uint64_t> read_cursor(char kind, const std::string& text);

}  // namespace belfry::api
