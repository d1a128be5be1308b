// The query of a request: name=value pairs, encoded as net::form_decode() reads them.
// Thread rule: a value type.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace belfry::api {

class QueryString {
 public:
  // ErrorCode::invalid: a parameter that is not in `allowed`, occurs twice, or is not UTF-8 text without control characters.
  [[nodiscard]] static base::Result<QueryString> parse(std::string_view text, const std::vector<std::string_view>& allowed);

  // nullopt: absent or empty.
  [[nodiscard]] std::optional<std::string> get(std::string_view name) const;
  // `fallback` if it is absent. ErrorCode::invalid: not a whole number in [min, max].
  [[nodiscard]] base::Result<std::uint64_t> number(std::string_view name, std::uint64_t fallback, std::uint64_t min,
                                                   std::uint64_t max) const;

 private:
  std::map<std::string, std::string, std::less<>> values_;
};

// Whether the query has a parameter of that name, even if the rest is malformed.
[[nodiscard]] bool has_parameter(std::string_view query, std::string_view name);

}  // namespace belfry::api
