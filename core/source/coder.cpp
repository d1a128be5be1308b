#include "source/coder.hpp"

#include <algorithm>
#include <utility>

#include "source/json_reader.hpp"
#include "source/passcodes.hpp"

namespace belfry::source {
namespace {

constexpr std::size_t kMaxMessageId = 200;

std::unexpected<base::Error> invalid(std::string message) { return base::fail(base::ErrorCode::invalid, std::move(message)); }

std::string take(Text& text) { return text ? std::move(*text) : std::string(); }

base::Result<void> check_required(const CoderDocument& document) {
  const auto required_text = [](const char* name, const Text& text) -> base::Result<void> {
    if (!text) return invalid(std::string(name) + ": missing; it must be a non-empty string");
    if (text->empty()) return invalid(std::string(name) + ": empty; it must be a non-empty string");
    return {};
  };
  if (auto title = required_text("title", document.title); !title) return title;
  if (auto body = required_text("body", document.body); !body) return body;
  const auto& payload = document.payload;
  if (!payload.present) return invalid("payload: missing; it must be an object");
  if (!payload.user_email) return invalid("payload.user_email: missing; it must be a string");
  if (!payload.has_actions) return invalid("payload.actions: missing; it must be an array or null");
  return {};
}

// Unlike the body, a header may contain bytes that are not UTF-8.
base::Result<std::string> message_id(Text& in_body, std::optional<std::string_view> in_header, const std::string& fresh) {
  const auto too_long = [](const char* where) {
    return invalid(std::string(where) + ": longer than " + std::to_string(kMaxMessageId) + " bytes");
  };
  if (in_body && !in_body->empty()) {
    if (in_body->size() > kMaxMessageId) return too_long("msg_id");
    return std::move(*in_body);
  }
  if (!in_header || in_header->empty()) return fresh;
  if (in_header->size() > kMaxMessageId) return too_long("X-Message-Id");
  const bool printable = std::ranges::all_of(*in_header, [](char c) { return c >= 0x20 && c < 0x7F; });
  if (!printable) return invalid("X-Message-Id: expected printable ASCII");
  return std::string(*in_header);
}

}  // namespace

base::Result<model::Notification> parse_coder(const WebhookRequest& request, IntakeInfo intake) {
  CoderReader reader(request.body.size());
  if (!read_json(request.body, reader)) return invalid(reader.error());
  auto& document = reader.document();
  auto& payload = document.payload;
  if (auto complete = check_required(document); !complete) return std::unexpected(std::move(complete.error()));
  auto msg_id = message_id(document.msg_id, request.message_id_header, intake.id);
  if (!msg_id) return std::unexpected(std::move(msg_id.error()));

  model::Notification n;
  n.id = std::move(intake.id);
  n.source = std::move(intake.source);
  n.msg_id = std::move(*msg_id);
  n.received_at = intake.received_at;
  n.name = take(payload.name);
  n.template_id = take(payload.template_id);
  n.title = take(document.title);
  n.title_markdown = take(document.title_markdown);
  n.body = take(document.body);
  n.body_markdown = take(document.body_markdown);
  n.recipient = {take(payload.user_id), take(payload.user_email), take(payload.user_name), take(payload.user_username)};
  for (auto& action : payload.actions) n.actions.push_back({take(action.label), take(action.url)});
  n.labels = std::move(payload.labels);
  n.data = std::move(payload.data);
  n.targets = std::move(payload.targets);
  mark_passcodes(n);
  return n;
}

}  // namespace belfry::source
