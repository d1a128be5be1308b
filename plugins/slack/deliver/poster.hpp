// Posts one message in the richest form that Slack accepts. If Slack refuses the form, the message is sent again without metadata, half as
// long, or as text alone; each at most once per message and in this order, so the sequence is finite.
// An undocumented error may concern the form as well. If text alone is refused too, the delivery is retried later, kMaxUndocumentedAttempts
// times.
// Thread rule: the instance's strand. Ownership: a member of the sink; the API client outlives it.
#pragma once
#include <belfry/sdk.hpp>
#include <optional>
#include <string>
#include <utility>

#include "slack/deliver/post_target.hpp"
#include "slack/message/payload.hpp"
#include "slack/web_api/web_api.hpp"

namespace belfry::slack {

// Attempts per delivery. With the gateway's backoff between them, they take five to ten minutes.
inline constexpr std::uint32_t kMaxUndocumentedAttempts = 10;

// The form in which a message is sent; Slack may refuse parts of it.
struct Variant {
  bool metadata = true;
  bool half = false;
  bool text_only = false;

  bool operator==(const Variant&) const = default;
};

// The next form to try after Slack refused `tried`; nullopt if there is no plainer one, or if the refusal was not about the form.
[[nodiscard]] std::optional<Variant> next_variant(const Variant& tried, ApiResponse::FollowUp follow_up);

// "as text alone"; empty for the full form.
[[nodiscard]] std::string describe(const Variant& variant);

class Poster {
 public:
  Poster(WebApi& api, RenderOptions options) : api_(api), options_(std::move(options)) {}
  void use(Services services) { services_ = services; }  // at start

  // Returns the last response; its `note` describes what was omitted and why. From attempt `tries` on, an undocumented error is final.
  // No default arguments that own memory, because GCC 12 destroys them twice inside a co_await expression.
  Task<ApiResponse> post(const Message& message, PostTarget target, Preamble preamble, std::uint32_t tries = kMaxUndocumentedAttempts);
  // True if a message may have been sent without its delivery id: a message that is not found may exist nevertheless.
  [[nodiscard]] bool metadata_refused() const { return metadata_refused_; }

  // The arguments of chat.postMessage in the form `variant`, by default the one tried first.
  [[nodiscard]] std::string arguments(const Message& message, const std::string& channel, const Preamble& preamble = {},
                                      const Variant& variant = {}) const;

 private:
  WebApi& api_;
  RenderOptions options_;
  Services services_;
  bool metadata_refused_ = false;
};

// The outcome of a post: delivered with its receipt, or the failure.
[[nodiscard]] Outcome outcome_of(const ApiResponse& posted);

}  // namespace belfry::slack
