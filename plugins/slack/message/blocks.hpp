// Writes the list of blocks of one message as JSON, front to back. Counts the text against the total of a message (kTotalLimit). Stays
// within Slack's limit of blocks as long as the caller adds no more notes and documents than payload.cpp does.
// Thread rule: one thread. Ownership: the writer outlives it.
#pragma once
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <string>
#include <string_view>
#include <vector>

#include "slack/message/parts.hpp"

namespace belfry::slack {

// Writes JSON front to back. Building a message as a tree would cost more than the rest of a delivery in the plugin.
class JsonWriter {
 public:
  JsonWriter& open() { return writer_.StartObject(), *this; }
  JsonWriter& close() { return writer_.EndObject(), *this; }
  JsonWriter& open_list() { return writer_.StartArray(), *this; }
  JsonWriter& close_list() { return writer_.EndArray(), *this; }
  JsonWriter& key(std::string_view name) { return writer_.Key(name.data(), static_cast<rapidjson::SizeType>(name.size())), *this; }
  JsonWriter& member(std::string_view name, std::string_view text) {
    key(name);
    writer_.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
    return *this;
  }
  JsonWriter& flag(std::string_view name, bool value) {
    key(name);
    writer_.Bool(value);
    return *this;
  }
  [[nodiscard]] std::string text() const { return {buffer_.GetString(), buffer_.GetSize()}; }

 private:
  rapidjson::StringBuffer buffer_;
  rapidjson::Writer<rapidjson::StringBuffer> writer_{buffer_};
};

class Blocks {
 public:
  // `total`: the limit of all text except notes; at most kTotalLimit - kNotesTotal.
  Blocks(JsonWriter& out, const std::string& header, std::size_t total);

  // Adds a section of trusted mrkdwn; nothing if empty.
  void add_line(const std::string& mrkdwn);
  // Adds the body, cut to the length `share`. The first `max_rules` rules become dividers.
  void add_document(const Body& body, std::size_t share, std::size_t max_rules = 0);
  // Adds the text and the links of the entry, cut to the length `share`.
  void add_entry(const Entry& entry, std::size_t share);
  void add_divider();
  void add_buttons(const std::vector<Button>& buttons);
  // Adds a small grey note about the message itself, in trusted mrkdwn; nothing if empty.
  void add_note(std::string_view mrkdwn);
  void end() { out_.close_list(); }

  [[nodiscard]] std::size_t left() const { return left_; }
  // The header did not fit into Slack's limit of 150, so the full text must be shown elsewhere.
  [[nodiscard]] bool header_shortened() const { return header_shortened_; }
  [[nodiscard]] bool shortened() const { return shortened_; }

 private:
  JsonWriter& begin(std::string_view type) { return out_.open().member("type", type); }
  void section(std::string_view mrkdwn);

  JsonWriter& out_;
  std::size_t left_;
  bool header_shortened_ = false;
  bool shortened_ = false;
};

}  // namespace belfry::slack
