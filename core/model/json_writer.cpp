#include "model/json_writer.hpp"

#include <array>

#include "base/utf8.hpp"

namespace belfry::model {
namespace {

std::string dump(const nlohmann::json& tree) { return tree.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace); }

// Indexed by byte: ASCII that JSON shows as it is.
constexpr auto kPlain = [] {
  std::array<bool, 256> plain{};
  for (unsigned c = 0x20; c < 0x7F; ++c) plain.at(c) = c != '"' && c != '\\';
  return plain;
}();

bool plain(char c) { return kPlain[static_cast<unsigned char>(c)]; }

void append_escaped(std::string& out, char c) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  switch (c) {
    case '"': out += "\\\""; break;
    case '\\': out += "\\\\"; break;
    case '\n': out += "\\n"; break;
    case '\r': out += "\\r"; break;
    case '\t': out += "\\t"; break;
    default:
      out += "\\u00";
      out += kDigits[static_cast<unsigned char>(c) >> 4];
      out += kDigits[static_cast<unsigned char>(c) & 0xF];
  }
}

}  // namespace

void JsonWriter::separate() {
  if (!std::exchange(first_, false)) text_ += ',';
}

JsonWriter& JsonWriter::open(char bracket) {
  separate();
  text_ += bracket;
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
  text_ += bracket;
  first_ = false;
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  value(name);
  text_ += ':';
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::value(std::string_view text) {
  separate();
  const auto start = text_.size();
  text_ += '"';
  for (std::size_t i = 0; i < text.size();) {
    auto end = i;
    while (end < text.size() && plain(text[end])) ++end;
    text_.append(text, i, end - i);
    i = end;
    if (i == text.size()) break;
    const auto length = base::utf8_length(text.substr(i));
    if (length == 0) {
      text_.resize(start);
      text_ += dump(nlohmann::json(text));
      return *this;
    }
    if (length == 1) {
      append_escaped(text_, text[i]);
    } else {
      text_.append(text, i, length);
    }
    i += length;
  }
  text_ += '"';
  return *this;
}

JsonWriter& JsonWriter::value(std::int64_t number) {
  separate();
  text_ += std::to_string(number);
  return *this;
}

JsonWriter& JsonWriter::value(bool truth) {
  separate();
  text_ += truth ? "true" : "false";
  return *this;
}

JsonWriter& JsonWriter::value(const nlohmann::json& tree) {
  separate();
  text_ += dump(tree);
  return *this;
}

}  // namespace belfry::model
