// The list of blocks of one message, written front to back as JSON. It counts the text against the total of a message (kTotalLimit) and
// never holds more blocks than Slack takes, as long as its caller keeps to the number of notes and documents that payload.cpp has.
// Thread rule: one thread. Refers to the writer, which has to outlive it.
#pragma once
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <string>
#include <string_view>
#include <vector>

#include "slack/parts.hpp"

namespace belfry::slack {

// Written front to back: a tree of a message would cost more than all the rest of a delivery in the plugin.
class Writer {
 public:
  Writer& open() { return writer_.StartObject(), *this; }
  Writer& close() { return writer_.EndObject(), *this; }
  Writer& open_list() { return writer_.StartArray(), *this; }
  Writer& close_list() { return writer_.EndArray(), *this; }
  Writer& key(std::string_view name) { return writer_.Key(name.data(), static_cast<rapidjson::SizeType>(name.size())), *this; }
  Writer& member(std::string_view name, std::string_view text) {
    key(name);
    writer_.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
    return *this;
  }
  Writer& flag(std::string_view name, bool value) {
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
  // `total`: of all text but the notes, at most kTotalLimit - kNotesTotal.
  Blocks(Writer& out, const std::string& header, std::size_t total);

  // Our own mrkdwn, in a section; empty: none.
  void add_line(const std::string& mrkdwn);
  // At most `share` of it. The first `most_rules` rules become dividers.
  void add_document(const Body& body, std::size_t share, std::size_t most_rules = 0);
  // At most `share` of its text, and its links.
  void add_entry(const Entry& entry, std::size_t share);
  void add_divider();
  void add_buttons(const std::vector<Button>& buttons);
  // Small and grey: what the message says about itself. Our own mrkdwn; empty: none.
  void add_note(std::string_view mrkdwn);
  void end() { out_.close_list(); }

  [[nodiscard]] std::size_t left() const { return left_; }
  // A header is short by Slack's rules: what did not fit has to stand elsewhere.
  [[nodiscard]] bool header_shortened() const { return header_shortened_; }
  [[nodiscard]] bool shortened() const { return shortened_; }

 private:
  Writer& begin(std::string_view type) { return out_.open().member("type", type); }
  void section(std::string_view mrkdwn);

  Writer& out_;
  std::size_t left_;
  bool header_shortened_ = false;
  bool shortened_ = false;
};

}  // namespace belfry::slack
