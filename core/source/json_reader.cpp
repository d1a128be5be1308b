// RapidJSON parses valid bodies, in a fifth of the time. nlohmann::json parses the others again, since error messages use its positions
// and kinds of errors. Both feed the same reader.
#include "source/json_reader.hpp"

#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include "base/utf8.hpp"

namespace belfry::source {
namespace {

struct Handler {
  CoderReader& reader;

  using Ch = char;
  using Size = rapidjson::SizeType;
  bool Null() { return reader.null(); }
  bool Bool(bool value) { return reader.boolean(value); }
  bool Int(int value) { return reader.number_integer(value); }
  bool Uint(unsigned value) { return reader.number_unsigned(value); }
  bool Int64(std::int64_t value) { return reader.number_integer(value); }
  bool Uint64(std::uint64_t value) { return reader.number_unsigned(value); }
  bool Double(double value) { return reader.number_float(value, {}); }
  bool RawNumber(const Ch*, Size, bool) { return false; }  // only called with a flag that is not set
  bool String(const Ch* text, Size size, bool) {
    std::string value(text, size);
    return reader.string(value);
  }
  bool StartObject() { return reader.start_object(0); }
  bool Key(const Ch* text, Size size, bool) {
    std::string name(text, size);
    return reader.key(name);
  }
  bool EndObject(Size) { return reader.end_object(); }
  bool StartArray() { return reader.start_array(0); }
  bool EndArray(Size) { return reader.end_array(); }
};

// RapidJSON 1.1 accepts an unpaired surrogate as a character.
bool has_surrogate_escape(std::string_view body) {
  for (auto at = body.find("\\u"); at != std::string_view::npos; at = body.find("\\u", at + 2)) {
    const char first = at + 2 < body.size() ? body[at + 2] : '\0';
    if (first == 'd' || first == 'D') return true;
  }
  return false;
}

}  // namespace

bool read_json(std::string_view body, CoderReader& reader) {
  // Both parsers stop at a zero byte and ignore the rest of the body. JSON contains none.
  if (const auto zero = body.find('\0'); zero != std::string_view::npos) return reader.zero_byte(zero);
  // is_utf8() validates in a fraction of the time that RapidJSON takes for it.
  if (base::is_utf8(body) && !has_surrogate_escape(body)) {
    Handler handler{reader};
    rapidjson::MemoryStream stream(body.data(), body.size());
    if (rapidjson::Reader().Parse<rapidjson::kParseFullPrecisionFlag>(stream, handler)) return true;
    if (!reader.error().empty()) return false;
    reader = CoderReader(body.size());
  }
  return nlohmann::json::sax_parse(body.begin(), body.end(), &reader);
}

}  // namespace belfry::source
