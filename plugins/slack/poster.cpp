#include "slack/poster.hpp"

#include <utility>

namespace belfry::slack {
namespace {

// Counted by what is left out: each form differs from the one before in one of these.
std::string_view metric_of(const Form& form) {
  if (form.text_only) return "slack_text_only_messages";
  return form.half ? "slack_shortened_messages" : "slack_messages_without_metadata";
}

}  // namespace

std::optional<Form> plainer(const Form& tried, Reading::Then then) {
  Form next = tried;
  switch (then) {
    case Reading::Then::without_metadata: next.metadata = false; break;
    case Reading::Then::shorter: next.half = true; break;
    case Reading::Then::text_only: break;
    default: return std::nullopt;
  }
  if (next == tried) next.text_only = true;
  return next == tried ? std::nullopt : std::optional(next);
}

std::string describe(const Form& form) {
  if (form.text_only) return form.half ? "shortened, as text alone" : "as text alone";
  if (form.half) return form.metadata ? "shortened" : "shortened, without metadata";
  return form.metadata ? "" : "without metadata";
}

Task<Reading> Poster::post(const Message& message, Place place, Frame frame, std::uint32_t tries) {
  const Call call = call_of(place);
  Form form;
  Reading reading = co_await calls_.post(call, placed(arguments(message, place.channel, frame, form), place));
  std::string note;
  while (const auto next = plainer(form, reading.then)) {
    form = *next;
    if (!form.metadata) metadata_refused_ = true;
    note = "sent " + describe(form) + ", because " + reading.failure->detail;
    services_.log().warn(note);
    services_.metrics().add(metric_of(form));
    reading = co_await calls_.post(call, placed(arguments(message, place.channel, frame, form), place));
  }
  reading.note = std::move(note);
  auto& failure = reading.failure;
  if (failure && failure->reason == kUnlisted && message.attempt() >= tries) failure->code = Outcome::Code::rejected;
  const bool limited = failure && failure->code == Outcome::Code::rate_limited && failure->scope == LimitScope::recipient;
  // For the other sinks with this token, and for what falls back to this channel.
  if (limited && call == Call::post) calls_.budgets().limited_post(place.channel, *failure->after);
  co_return reading;
}

std::string Poster::arguments(const Message& message, const std::string& channel, const Frame& frame, const Form& form) const {
  Look look = look_;
  look.metadata = form.metadata;
  look.half = form.half;
  return form.text_only ? text_only_post(message, channel, look, frame) : slack::post(message, channel, look, frame);
}

Outcome outcome_of(const Reading& posted) {
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
