#include "api/web/message_preview.hpp"

#include <string>

#include "api/web/mrkdwn.hpp"
#include "api/web/shown.hpp"

namespace belfry::api::web {
namespace {

using nlohmann::json;

constexpr std::string_view kCodeFence = "```";
constexpr std::size_t kMaxBlockDepth = 8;  // of structures in a block

// A block in which nothing is shown yet.
json empty_block() {
  return {{"heading", nullptr}, {"divider", false}, {"code", nullptr}, {"runs", json::array()}, {"buttons", json::array()}};
}

json lines_block(json lines) {
  auto block = empty_block();
  for (auto& line : lines) block["runs"].push_back({{"line", std::move(line)}});
  return block;
}

json list_at(const json& object, const char* key) {
  if (!object.is_object()) return json::array();
  const auto found = object.find(key);
  return found != object.end() && found->is_array() ? *found : json::array();
}

// {"text": "..."}, or {"text": {"text": "..."}}.
std::string block_text(const json& object) {
  if (object.is_object() && object.contains("text") && object["text"].is_object()) return string_at(object["text"], "text");
  return string_at(object, "text");
}

void add_text(const json& object, json& out) {
  auto text = block_text(object);
  if (text.empty()) return;
  if (string_at(object, "type") != "mrkdwn") return out.push_back(lines_block(json::array({plain_line(text)})));
  // Code is between pairs of fences.
  std::string_view left = text;
  while (!left.empty()) {
    const auto fence = left.find(kCodeFence);
    const auto end = fence == std::string_view::npos ? fence : left.find(kCodeFence, fence + kCodeFence.size());
    if (end == std::string_view::npos) return out.push_back(lines_block(mrkdwn_lines(left)));
    auto before = left.substr(0, fence);
    if (before.ends_with('\n')) before.remove_suffix(1);
    if (!before.empty()) out.push_back(lines_block(mrkdwn_lines(before)));
    auto code = left.substr(fence + kCodeFence.size(), end - fence - kCodeFence.size());
    if (code.starts_with('\n')) code.remove_prefix(1);
    auto block = empty_block();
    block["code"] = without_entities(code);
    out.push_back(std::move(block));
    left.remove_prefix(end + kCodeFence.size());
    if (left.starts_with('\n')) left.remove_prefix(1);
  }
}

void add_context(const json& block, json& out) {
  std::string all;
  for (const auto& element : list_at(block, "elements"))
    if (const auto text = block_text(element); !text.empty()) all += (all.empty() ? "" : "   ") + without_entities(text);
  out.push_back(lines_block(json::array({plain_line(all, "context")})));
}

void add_actions(const json& elements, json& out) {
  auto block = empty_block();
  for (const auto& element : elements)
    if (const auto label = block_text(element); !label.empty()) block["buttons"].push_back(label);
  out.push_back(std::move(block));
}

// The text of a cell or of any other structure, without its form.
std::string all_text(const json& value, std::size_t depth = 0) {
  if (auto text = block_text(value); !text.empty() || depth == kMaxBlockDepth) return text;
  std::string out;
  for (const auto& entry : list_at(value, "elements")) out += all_text(entry, depth + 1);
  return out;
}

void add_table(const json& block, json& out) {
  auto shown = empty_block();
  std::string text;
  for (const auto& row : list_at(block, "rows")) {
    std::string line;
    for (const auto& cell : row) line += (line.empty() ? "" : " | ") + all_text(cell);
    text += line + "\n";
  }
  shown["code"] = text;
  out.push_back(std::move(shown));
}

void add_block(const json& block, json& out) {
  const auto type = string_at(block, "type");
  if (type == "header") {
    auto shown = empty_block();
    shown["heading"] = block_text(block);
    out.push_back(std::move(shown));
  } else if (type == "divider") {
    auto shown = empty_block();
    shown["divider"] = true;
    out.push_back(std::move(shown));
  } else if (type == "section") {
    if (block.contains("text")) add_text(block["text"], out);
    for (const auto& field : list_at(block, "fields")) add_text(field, out);
  } else if (type == "context") {
    add_context(block, out);
  } else if (type == "actions") {
    add_actions(list_at(block, "elements"), out);
  } else if (type == "table") {
    add_table(block, out);
  } else if (const auto text = all_text(block); !text.empty()) {
    out.push_back(lines_block(json::array({plain_line(text)})));
  }
}

}  // namespace

json message_blocks(const json& requests) {
  json out = json::array();
  for (const auto& request : requests) {
    const auto body = request.is_object() ? request.value("body", json()) : json();
    if (body.is_string()) {
      auto block = empty_block();
      block["code"] = body;
      out.push_back(std::move(block));
    } else if (body.is_object() && body.contains("blocks") && body["blocks"].is_array()) {
      for (const auto& block : body["blocks"]) add_block(block, out);
    } else if (body.is_object() && body.contains("text") && body["text"].is_string()) {
      out.push_back(lines_block(mrkdwn_lines(body["text"].get<std::string>())));
    }
  }
  return out;
}

}  // namespace belfry::api::web
