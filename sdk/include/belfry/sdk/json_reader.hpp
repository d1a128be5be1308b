// Reads JSON text into nlohmann::json with RapidJSON's parser, which is several times faster and quicker to compile than nlohmann's own.
// Internal: not for plugin authors.
#pragma once
#include <rapidjson/encodedstream.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace belfry::sdk::detail {

// The handler of RapidJSON's events. Its member names are RapidJSON's.
class JsonBuilder {
 public:
  using Json = nlohmann::json;
  using Size = rapidjson::SizeType;

  [[nodiscard]] Json take() { return std::move(root_); }

  // NOLINTBEGIN(readability-identifier-naming)
  bool Null() { return add(nullptr); }
  bool Bool(bool value) { return add(value); }
  bool Int(int value) { return add(value); }
  bool Uint(unsigned value) { return add(value); }
  bool Int64(std::int64_t value) { return add(value); }
  bool Uint64(std::uint64_t value) { return add(value); }
  bool Double(double value) { return add(value); }
  bool RawNumber(const char*, Size, bool) { return false; }
  bool String(const char* text, Size length, bool) { return add(std::string(text, length)); }
  bool Key(const char* text, Size length, bool) {
    key_.assign(text, length);
    return true;
  }
  bool StartObject() { return open(Json::object()); }
  bool EndObject(Size) { return close(); }
  bool StartArray() { return open(Json::array()); }
  bool EndArray(Size) { return close(); }
  // NOLINTEND(readability-identifier-naming)

 private:
  Json& place(Json value) {
    if (open_.empty()) return root_ = std::move(value);
    Json& parent = *open_.back();
    if (parent.is_object()) return parent[key_] = std::move(value);
    parent.push_back(std::move(value));
    return parent.back();
  }
  bool add(Json value) {
    place(std::move(value));
    return true;
  }
  bool open(Json value) {
    open_.push_back(&place(std::move(value)));
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  Json root_;
  std::vector<Json*> open_;  // the path to where the next value goes; each stays where it is while it is open
  std::string key_;
};

// Returns nullopt if the text is not one JSON value.
[[nodiscard]] inline std::optional<nlohmann::json> read_json(std::string_view text) {
  using Encoding = rapidjson::UTF8<>;
  rapidjson::MemoryStream memory(text.data(), text.size());
  rapidjson::EncodedInputStream<Encoding, rapidjson::MemoryStream> stream(memory);
  rapidjson::Reader reader;
  JsonBuilder builder;
  // Iterative: nesting must not use up the stack.
  if (!reader.Parse < rapidjson::kParseIterativeFlag | rapidjson::kParseFullPrecisionFlag > (stream, builder)) return std::nullopt;
  return builder.take();
}

}  // namespace belfry::sdk::detail
