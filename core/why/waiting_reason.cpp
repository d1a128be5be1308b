#include "why/waiting_reason.hpp"

#include <algorithm>

namespace belfry::why {
namespace {

using model::DeliveryState;
using model::OutcomeCode;

class WaitingReason {
 public:
  WaitingReason(const store::History& history, const model::Delivery& delivery, const std::vector<model::Attempt>& attempts,
                const Context& context, TimeWriter& times)
      : history_(history),
        delivery_(delivery),
        attempts_(attempts),
        context_(context),
        times_(times),
        sink_(quoted(delivery.sink, kMaxName)) {
    const auto found = std::ranges::find(history.queues, delivery.id, &store::QueuePosition::delivery_id);
    if (found != history.queues.end()) position_ = *found;
  }

  Paragraph run() {
    if (delivery_.state == DeliveryState::in_flight) {
      in_flight();
      return std::move(out_);
    }
    if (in_doubt()) explain_doubt();
    if (delivery_.due_at > context_.now) {
      not_due_yet();
    } else {
      due();
    }
    if (const auto sink = context_.sinks.find(delivery_.sink); sink != context_.sinks.end()) {
      out_.add(sink_ + " " + quoted(sink->second, 2 * kMaxDetail));
    }
    out_.add("It expires " + times_.at(delivery_.expires_at));
    return std::move(out_);
  }

 private:
  [[nodiscard]] bool attempted() const { return !attempts_.empty(); }
  [[nodiscard]] const model::Attempt& last() const { return attempts_.back(); }
  // The queue is a copy: the last attempt stands for any that followed after the copy was made.
  [[nodiscard]] bool restored() const {
    return std::ranges::any_of(history_.decisions, [&](const auto& decision) {
      return decision.event == "restored" && decision.delivery_id == delivery_.id && decision.at >= last().started_at;
    });
  }
  // No result of the last attempt was recorded.
  [[nodiscard]] bool is_open() const { return attempted() && !last().finished_at; }
  [[nodiscard]] bool in_doubt() const { return is_open() || (attempted() && last().outcome && last().outcome->maybe_delivered); }
  [[nodiscard]] std::string attempt_name() const { return "attempt " + std::to_string(last().number); }

  void in_flight() {
    if (!is_open()) return out_.add(sink_ + " is about to send it");
    out_.add(capitalized(attempt_name()) + " began " + times_.at(last().started_at) + " and is in progress");
  }

  void explain_doubt() {
    if (is_open() && !restored()) {
      out_.add(capitalized(attempt_name()) + " began " + times_.at(last().started_at) +
               ", and the gateway stopped before a result was recorded");
    } else if (!is_open()) {
      out_.add(failure());
    }
    out_.add("The message may have arrived: if " + sink_ +
             " can look for it, that happens first; otherwise it is sent again, marked as a possible duplicate");
  }

  [[nodiscard]] std::string failure() { return failure_text(attempt_name(), last(), times_); }

  void not_due_yet() {
    if (attempted()) {
      if (!in_doubt()) out_.add(failure());
      out_.add("The next attempt is due " + times_.at(delivery_.due_at));
    } else if (delivery_.kind == model::DeliveryKind::digest) {
      out_.add("The digest is due " + times_.at(delivery_.due_at));
    } else {
      out_.add("It is due " + times_.at(delivery_.due_at));
    }
  }

  void due() {
    if (attempted() && !in_doubt()) out_.add(failure());
    const auto since = "It has been due since " + times_.moment(delivery_.due_at);
    if (position_.paused_until > context_.now) {
      return out_.add(since + "; " + sink_ + " accepts nothing more for this recipient until " + times_.moment(position_.paused_until));
    }
    if (position_.head) return behind(since, *position_.head);
    const bool works = !context_.sinks.contains(delivery_.sink);
    out_.add(since + (works ? "; it is sent as soon as the rate and concurrency limits of " + sink_ + " allow" : ""));
  }

  void behind(const std::string& since, const model::Delivery& head) {
    auto text = since + " and waits for its turn behind delivery " + quoted(head.id, kMaxName) + " to the same recipient";
    if (head.state == DeliveryState::in_flight) {
      text += ", which is being sent";
    } else if (head.due_at > context_.now) {
      text += ", which failed (" + reason_text(head.last_reason, head.last_detail) + ") and is tried again " + times_.at(head.due_at);
    }
    out_.add(std::move(text));
    out_.add("See it with `belfry deliveries show " + quoted(head.id, kMaxName) + "`");
  }

  const store::History& history_;
  const model::Delivery& delivery_;
  const std::vector<model::Attempt>& attempts_;
  const Context& context_;
  TimeWriter& times_;
  const std::string sink_;
  store::QueuePosition position_;
  Paragraph out_;
};

}  // namespace

std::string reason_text(const std::string& reason, const std::string& detail) {
  auto text = quoted(reason, kMaxName);
  if (text.empty() && detail.empty()) return "without a reason";
  if (!detail.empty()) text += (text.empty() ? "" : ": ") + quoted(detail, kMaxDetail);
  while (text.ends_with('.')) text.pop_back();
  return text;
}

std::string failure_text(const std::string& subject, const model::Attempt& attempt, TimeWriter& times) {
  const auto& outcome = attempt.outcome;
  if (!attempt.finished_at) return capitalized(subject) + " began " + times.at(attempt.started_at) + ", and no result was recorded";
  std::string verb = " failed ";
  if (outcome && outcome->code == OutcomeCode::rate_limited) verb = " was rate-limited ";
  if (outcome && outcome->code == OutcomeCode::misconfigured) verb = " failed because the sink is misconfigured, ";
  auto text = capitalized(subject) + verb + times.at(*attempt.finished_at);
  return outcome ? text + ": " + reason_text(outcome->reason, outcome->detail) : text;
}

Paragraph waiting_reason(const store::History& history, const model::Delivery& delivery, const std::vector<model::Attempt>& attempts,
                         const Context& context, TimeWriter& times) {
  return WaitingReason(history, delivery, attempts, context, times).run();
}

}  // namespace belfry::why
