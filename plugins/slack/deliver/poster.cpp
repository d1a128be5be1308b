#include "slack/deliver/poster.hpp"

#include <utility>

namespace belfry::slack {
namespace {

// The metric for the newest omission: each form omits one more part than the one before.
std::string_view metric_of(const Variant& variant) {
  if (variant.text_only) return "slack_text_only_messages";
  return variant.half ? "slack_shortened_messages" : "slack_messages_without_metadata";
}

}  // namespace

std::optional<Variant> next_variant(const Variant& tried, ApiResponse::FollowUp follow_up) {
  Variant next = tried;
  switch (follow_up) {
    case ApiResponse::FollowUp::without_metadata: next.metadata = false; break;
    case ApiResponse::FollowUp::shorter: next.half = true; break;
    case ApiResponse::FollowUp::text_only: break;
    default: return std::nullopt;
  }
  if (next == tried) next.text_only = true;
  return next == tried ? std::nullopt : std::optional(next);
}

std::string describe(const Variant& variant) {
  if (variant.text_only) return variant.half ? "shortened, as text alone" : "as text alone";
  if (variant.half) return variant.metadata ? "shortened" : "shortened, without metadata";
  return variant.metadata ? "" : "without metadata";
}

Task<ApiResponse> Poster::post(const Message& message, PostTarget target, Preamble preamble, std::uint32_t tries) {
  const Method method = method_for(target);
  Variant variant;
  ApiResponse response = co_await api_.post(method, with_target(arguments(message, target.channel, preamble, variant), target));
  std::string note;
  while (const auto next = next_variant(variant, response.follow_up)) {
    variant = *next;
    if (!variant.metadata) metadata_refused_ = true;
    note = "sent " + describe(variant) + ", because " + response.failure->detail;
    services_.log().warn(note);
    services_.metrics().add(metric_of(variant));
    response = co_await api_.post(method, with_target(arguments(message, target.channel, preamble, variant), target));
  }
  response.note = std::move(note);
  auto& failure = response.failure;
  if (failure && failure->reason == kUndocumented && message.attempt() >= tries) failure->code = Outcome::Code::rejected;
  const bool limited = failure && failure->code == Outcome::Code::rate_limited && failure->scope == LimitScope::recipient;
  // Also limits other sinks with this token, and fallback messages to this channel.
  if (limited && method == Method::post) api_.rate_limits().report_limited_post(target.channel, *failure->after);
  co_return response;
}

std::string Poster::arguments(const Message& message, const std::string& channel, const Preamble& preamble, const Variant& variant) const {
  RenderOptions options = options_;
  options.metadata = variant.metadata;
  options.half = variant.half;
  return variant.text_only ? text_only_payload(message, channel, options, preamble)
                           : slack::message_payload(message, channel, options, preamble);
}

Outcome outcome_of(const ApiResponse& posted) {
  if (posted.failure) {
    Outcome outcome = *posted.failure;
    if (!posted.note.empty()) outcome.detail += "; it was " + posted.note;
    return outcome;
  }
  const std::string ts = text_of(posted.body, "ts");
  Outcome outcome = Outcome::delivered({{"id", ts}, {"data", {{"channel", text_of(posted.body, "channel")}, {"ts", ts}}}});
  outcome.detail = posted.note;
  return outcome;
}

}  // namespace belfry::slack
