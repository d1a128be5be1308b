// Names and values of a query string or of a submitted form (application/x-www-form-urlencoded). Pure.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"

namespace belfry::api::web {

class Fields {
 public:
  static constexpr std::size_t kMaxFields = 2'000;

  Fields() = default;
  Fields(std::initializer_list<std::pair<std::string, std::string>> list) : list_(list) {}

  // ErrorCode::invalid: malformed percent-encoding, not UTF-8, a NUL, or too many fields.
  [[nodiscard]] static base::Result<Fields> parse(std::string_view encoded);

  [[nodiscard]] std::string get(std::string_view name) const;   // the first value, without blanks around it; empty: none
  [[nodiscard]] std::string text(std::string_view name) const;  // the first value as it is
  [[nodiscard]] std::vector<std::string> all(std::string_view name) const;
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& list() const { return list_; }

  void set(std::string name, std::string value);  // replaces the values of the name; an empty value removes them
  [[nodiscard]] std::string encode() const;       // "a=1&b=2"

  bool operator==(const Fields&) const = default;

 private:
  std::vector<std::pair<std::string, std::string>> list_;
};

// "/deliveries?sink=slack"; without "?" if there are no fields.
[[nodiscard]] std::string address(std::string_view path, const Fields& fields);

}  // namespace belfry::api::web
