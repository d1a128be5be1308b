// Writes JSON text sequentially, without building a tree: every notification is written twice, for the store and for its plugin. The caller
// keeps objects and arrays balanced.
// Ownership: the writer owns the text until take().
#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace belfry::model {

class JsonWriter {
 public:
  JsonWriter& open(char bracket);  // '{' or '['
  JsonWriter& close(char bracket);
  JsonWriter& key(std::string_view name);

  // Replaces invalid UTF-8 with U+FFFD: one bad byte must never lose a delivery.
  JsonWriter& value(std::string_view text);
  JsonWriter& value(const std::string& text) { return value(std::string_view(text)); }
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(std::int64_t number);
  JsonWriter& value(bool truth);
  JsonWriter& value(const nlohmann::json& tree);

  template <class Value>
  JsonWriter& member(std::string_view name, const Value& member_value) {
    return key(name).value(member_value);
  }

  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  void separate();

  std::string text_;
  bool first_ = true;  // first in its object or array, or after a key
};

}  // namespace belfry::model
