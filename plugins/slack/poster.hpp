// Posts one message, as plain as Slack wants it. What Slack refuses for its form is sent once more without what was refused: without
// metadata, or half as long, or as text alone. Each is tried at most once for a message, in this order, so that it ends.
// A refusal that Slack does not document may be about the form as well; when the text alone is refused too, the delivery is tried again
// later, kTriesOfUnlisted times.
// Thread rule: the strand of the instance. Ownership: a member of the sink; the calls it is given outlive it.
#pragma once
#include <belfry/sdk.hpp>
#include <optional>
#include <string>
#include <utility>

#include "slack/calls.hpp"
#include "slack/payload.hpp"
#include "slack/place.hpp"

namespace belfry::slack {

// Attempts of a delivery: with the back-off of the gateway between them, five to ten minutes.
inline constexpr std::uint32_t kTriesOfUnlisted = 10;

// How much of a message is left out for Slack's sake.
struct Form {
  bool metadata = true;
  bool half = false;
  bool text_only = false;

  bool operator==(const Form&) const = default;
};

// The next form to try after Slack refused `tried`; none: there is no plainer one, or the refusal was not about the form.
[[nodiscard]] std::optional<Form> plainer(const Form& tried, Reading::Then then);

// "as text alone"
[[nodiscard]] std::string describe(const Form& form);

class Poster {
 public:
  Poster(Calls& calls, Look look) : calls_(calls), look_(std::move(look)) {}
  void use(Services services) { services_ = services; }  // at start

  // The last answer. `note` of it says what was left out and why, when something was. In attempt `tries`, or later, a refusal that Slack
  // does not document is final.
  // No default argument for what owns memory: GCC 12 destroys it twice inside a co_await expression.
  Task<Reading> post(const Message& message, Place place, Frame frame, std::uint32_t tries = kTriesOfUnlisted);
  // A message may have been sent that does not carry its delivery's id, so that one that is not found can be there all the same.
  [[nodiscard]] bool metadata_refused() const { return metadata_refused_; }

  // What the first try would send.
  [[nodiscard]] std::string arguments(const Message& message, const std::string& channel, const Frame& frame = {},
                                      const Form& form = {}) const;

 private:
  Calls& calls_;
  Look look_;
  Services services_;
  bool metadata_refused_ = false;
};

// How a post ended: its receipt, or why not.
[[nodiscard]] Outcome outcome_of(const Reading& posted);

}  // namespace belfry::slack
