#include "source/coder_reader.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>
#include <utility>

namespace belfry::source {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxDepth = 64;

template <class Owner>
using TextField = std::pair<std::string_view, Text Owner::*>;

constexpr std::array<TextField<CoderDocument>, 5> kDocumentTexts{{{"msg_id", &CoderDocument::msg_id},
                                                                  {"title", &CoderDocument::title},
                                                                  {"title_markdown", &CoderDocument::title_markdown},
                                                                  {"body", &CoderDocument::body},
                                                                  {"body_markdown", &CoderDocument::body_markdown}}};
constexpr std::array<TextField<CoderPayload>, 6> kPayloadTexts{{{"notification_name", &CoderPayload::name},
                                                                {"notification_template_id", &CoderPayload::template_id},
                                                                {"user_id", &CoderPayload::user_id},
                                                                {"user_email", &CoderPayload::user_email},
                                                                {"user_name", &CoderPayload::user_name},
                                                                {"user_username", &CoderPayload::user_username}}};
constexpr std::array<TextField<CoderAction>, 2> kActionTexts{{{"label", &CoderAction::label}, {"url", &CoderAction::url}}};

template <class Owner, std::size_t N>
Text* slot_of(Owner& owner, const std::array<TextField<Owner>, N>& fields, std::string_view key) {
  const auto* found = std::ranges::find(fields, key, &TextField<Owner>::first);
  return found == fields.end() ? nullptr : &(owner.*(found->second));
}

constexpr bool is_stripped(char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7F; }

void strip_controls(std::string& text) {
  std::erase_if(text, [](char c) { return is_stripped(c); });
}

// Makes an untrusted name fit for a log line and an HTTP response.
std::string sanitized_name(std::string_view name) {
  constexpr std::size_t kMaxLength = 40;
  std::string out(name.substr(0, kMaxLength));
  std::ranges::replace_if(out, [](char c) { return c < 0x20 || c == 0x7F; }, '?');  // `char` is signed: also replaces bytes from 0x80
  return name.size() > kMaxLength ? out + "..." : out;
}

}  // namespace

Text* CoderReader::text_slot() {
  switch (innermost()) {
    case Role::document: return slot_of(document_, kDocumentTexts, key_);
    case Role::payload: return slot_of(document_.payload, kPayloadTexts, key_);
    case Role::action: return slot_of(document_.payload.actions.back(), kActionTexts, key_);
    default: return nullptr;
  }
}

CoderReader::Role CoderReader::role_of_value() {
  if (open_.empty()) return Role::document;
  switch (innermost()) {
    case Role::actions: return Role::action;
    case Role::labels:
    case Role::targets: return Role::text;
    case Role::data: return Role::data;
    case Role::document:
      if (key_ == "payload") return Role::payload;
      break;
    case Role::payload:
      if (key_ == "actions") return Role::actions;
      if (key_ == "labels") return Role::labels;
      if (key_ == "targets") return Role::targets;
      if (key_ == "data") return Role::data;
      break;
    default: break;
  }
  return text_slot() == nullptr ? Role::ignored : Role::text;
}

std::string CoderReader::path() const {
  const auto& actions = document_.payload.actions;
  switch (innermost()) {
    case Role::payload: return "payload." + key_;
    case Role::actions: return "payload.actions[" + std::to_string(actions.size()) + "]";
    case Role::action: return "payload.actions[" + std::to_string(actions.size() - 1) + "]." + key_;
    case Role::labels: return "payload.labels." + sanitized_name(key_);
    case Role::targets: return "payload.targets[" + std::to_string(document_.payload.targets.size()) + "]";
    default: return open_.empty() ? "the body" : key_;
  }
}

bool CoderReader::fail(std::string error) {
  error_ = std::move(error);
  return false;
}

bool CoderReader::wrong_type(const char* found) {
  const auto expected = [](Role role) {
    switch (role) {
      case Role::document:
      case Role::payload:
      case Role::action: return "an object";
      case Role::labels:
      case Role::data: return "an object or null";
      case Role::actions:
      case Role::targets: return "an array or null";
      default: return "a string";
    }
  };
  return fail(path() + ": expected " + expected(role_of_value()) + ", found " + found);
}

json& CoderReader::add_data(json value) {
  auto& parent = *data_.back();
  if (parent.is_array()) return parent.emplace_back(std::move(value));
  return parent[key_] = std::move(value);
}

bool CoderReader::null() {
  auto& payload = document_.payload;
  switch (role_of_value()) {
    case Role::actions:
      payload.actions.clear();
      payload.has_actions = true;
      return true;
    case Role::labels: payload.labels.clear(); return true;
    case Role::targets: payload.targets.clear(); return true;
    case Role::data:
      if (innermost() == Role::data) {
        add_data(nullptr);
      } else {
        payload.data = nullptr;
      }
      return true;
    case Role::text: {
      auto* slot = text_slot();
      if (slot == nullptr) return wrong_type("null");
      slot->reset();
      return true;
    }
    case Role::ignored: return true;
    default: return wrong_type("null");
  }
}

bool CoderReader::string(std::string& value) {
  const auto role = role_of_value();
  if (role == Role::ignored) return true;
  if (role != Role::text && innermost() != Role::data) return wrong_type("a string");
  strip_controls(value);
  switch (innermost()) {
    case Role::labels: document_.payload.labels[key_] = std::move(value); break;
    case Role::targets: document_.payload.targets.push_back(std::move(value)); break;
    case Role::data: add_data(std::move(value)); break;
    default: *text_slot() = std::move(value);
  }
  return true;
}

bool CoderReader::other_scalar(json value, const char* found) {
  const auto role = role_of_value();
  if (role == Role::ignored) return true;
  if (innermost() != Role::data) return wrong_type(found);
  add_data(std::move(value));
  return true;
}

bool CoderReader::boolean(bool value) { return other_scalar(value, "a boolean"); }
bool CoderReader::number_integer(std::int64_t value) { return other_scalar(value, "a number"); }
bool CoderReader::number_unsigned(std::uint64_t value) { return other_scalar(value, "a number"); }
bool CoderReader::number_float(double value, const std::string& /*as_written*/) { return other_scalar(value, "a number"); }
bool CoderReader::binary(json::binary_t& /*value*/) { return fail("the body: binary values are not JSON"); }

bool CoderReader::key(std::string& name) {
  strip_controls(name);
  key_ = std::move(name);
  return true;
}

bool CoderReader::open(bool object) {
  const auto role = role_of_value();
  const bool wants_array = role == Role::actions || role == Role::targets;
  const bool any = role == Role::ignored || innermost() == Role::data;
  if (!any && (role == Role::text || object == wants_array)) return wrong_type(object ? "an object" : "an array");
  if (open_.size() == kMaxDepth) return fail("the body: nested deeper than " + std::to_string(kMaxDepth) + " levels");

  auto& payload = document_.payload;
  switch (role) {
    case Role::payload:
      payload = {};
      payload.present = true;
      break;
    case Role::actions:
      payload.actions.clear();
      payload.has_actions = true;
      break;
    case Role::action: payload.actions.emplace_back(); break;
    case Role::labels: payload.labels.clear(); break;
    case Role::targets: payload.targets.clear(); break;
    case Role::data: {
      auto empty = object ? json::object() : json::array();
      data_.push_back(innermost() == Role::data ? &add_data(std::move(empty)) : &(payload.data = std::move(empty)));
      break;
    }
    default: break;
  }
  open_.push_back(role);
  return true;
}

bool CoderReader::close() {
  if (innermost() == Role::data) data_.pop_back();
  open_.pop_back();
  return true;
}

bool CoderReader::start_object(std::size_t /*size*/) { return open(true); }
bool CoderReader::start_array(std::size_t /*size*/) { return open(false); }
bool CoderReader::end_object() { return close(); }
bool CoderReader::end_array() { return close(); }

bool CoderReader::zero_byte(std::size_t position) {
  return fail("the body is not JSON: unexpected text at byte " + std::to_string(position + 1));
}

// The library's message quotes the body, so only the kind of error is used.
bool CoderReader::parse_error(std::size_t position, const std::string& /*token*/, const json::exception& why) {
  constexpr int kNumberOverflow = 406;
  const auto at = " at byte " + std::to_string(std::min(position, body_size_));
  if (position > body_size_) return fail("the body is not JSON: it ends too early," + at);
  if (why.id == kNumberOverflow) return fail("the body cannot be stored: a number is out of range" + at);
  if (std::strstr(why.what(), "UTF-8") != nullptr) return fail("the body is not JSON: invalid UTF-8" + at);
  if (std::strstr(why.what(), "surrogate") != nullptr) return fail("the body is not JSON: unpaired surrogate" + at);
  return fail("the body is not JSON: unexpected text" + at);
}

}  // namespace belfry::source
