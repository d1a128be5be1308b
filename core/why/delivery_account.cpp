#include "why/delivery_account.hpp"

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>

#include "why/held_text.hpp"
#include "why/receipt_text.hpp"
#include "why/waiting_reason.hpp"

namespace belfry::why {
namespace {

using model::DeliveryKind;
using model::DeliveryState;

// The first and the last decisions on one delivery are written out.
constexpr std::size_t kFirstDecisions = 4;
constexpr std::size_t kLastDecisions = 8;

bool unfinished(const model::Delivery& delivery) {
  return delivery.state == DeliveryState::waiting || delivery.state == DeliveryState::in_flight;
}

class Account {
 public:
  Account(const store::History& history, const model::Delivery& delivery, const Context& context, TimeWriter& times)
      : history_(history), delivery_(delivery), context_(context), times_(times), sink_(quoted(delivery.sink, kMaxName)) {
    for (const auto& decision : history.decisions) {
      if (concerns(decision, delivery)) decisions_.push_back(&decision);
    }
  }

  Paragraph run() {
    if (delivery_.kind == DeliveryKind::digest && !has("digested")) collected();
    for (std::size_t i = 0; i < decisions_.size(); ++i) {
      const auto& decision = *decisions_[i];
      if (decision.event == "retried") life_began_ = decision.at;
      if (i < kFirstDecisions || i + kLastDecisions >= decisions_.size()) {
        write(decision);
      } else if (i == kFirstDecisions) {
        out_.add(std::to_string(decisions_.size() - kFirstDecisions - kLastDecisions) +
                 " more decisions are listed by `belfry deliveries show " + id() + "`");
      }
    }
    if (unfinished(delivery_)) out_.add_all(waiting_reason(history_, delivery_, attempts(), context_, times_));
    if (delivery_.possible_duplicate) out_.add("It is marked as a possible duplicate: an earlier attempt may have arrived as well");
    if (delivery_.dead_letter) dead_letter();
    return std::move(out_);
  }

 private:
  using Sentence = void (Account::*)(const model::Decision&);

  void write(const model::Decision& decision) {
    static const std::map<std::string, Sentence, std::less<>> kSentences{
        {"held", &Account::held},           {"throttled", &Account::throttled}, {"digested", &Account::digested},
        {"delivered", &Account::delivered}, {"rejected", &Account::failed},     {"expired", &Account::failed},
        {"fallback", &Account::took_over},  {"merged", &Account::merged},       {"retried", &Account::by_operator},
        {"attempt", &Account::late},        {"restored", &Account::restored},   {"discarded", &Account::by_operator}};
    const auto found = kSentences.find(decision.event);
    if (found != kSentences.end()) return (this->*found->second)(decision);
    out_.add(capitalized(quoted(decision.event, kMaxName)) + " " + times_.at(decision.at) + ": " + rest(decision));
  }

  void held(const model::Decision& decision) { out_.add("Held by " + held_text(rest(decision), context_, times_)); }
  void throttled(const model::Decision& decision) { out_.add("Throttled by " + route() + ": " + rest(decision)); }
  void digested(const model::Decision&) { collected(); }

  void collected() {
    auto text = "Collected in a digest of " + route();
    auto note = quoted(delivery_.note, kMaxDetail);
    if (note.ends_with('.')) note.pop_back();
    if (!note.empty() && !has("throttled")) text += ", whose note reads \"" + note + "\"";
    out_.add(std::move(text));
  }

  void delivered(const model::Decision& decision) {
    const auto how = rest(decision);
    const bool found = how.starts_with("found");
    if (!found) failures_before(decision);
    std::string text = found                                    ? "Found to have arrived when " + sink_ + " was queried "
                       : delivery_.kind == DeliveryKind::digest ? "The digest was sent "
                                                                : "Sent ";
    text += times_.at(decision.at);
    if (how.ends_with("reported late")) text += " (" + sink_ + " reported the result late)";
    const bool newest = delivery_.state == DeliveryState::delivered && decision.at == delivery_.finished_at;
    if (const auto receipt = newest ? receipt_text(delivery_.receipt) : std::string(); !receipt.empty()) text += ", " + receipt;
    out_.add(std::move(text));
  }

  // The attempts before the one that succeeded.
  void failures_before(const model::Decision& decision) {
    std::vector<model::Attempt> failed;
    for (auto& attempt : attempts()) {
      const bool succeeded = attempt.outcome && attempt.outcome->code == model::OutcomeCode::delivered;
      if (!succeeded && attempt.started_at <= decision.at) failed.push_back(std::move(attempt));
    }
    if (failed.empty()) return;
    const auto& last = failed.back();
    const auto count = failed.size() == 1 ? "1 attempt failed " : std::to_string(failed.size()) + " attempts failed, the last ";
    out_.add(count + times_.at(last.finished_at.value_or(last.started_at)) + ": " +
             (last.outcome ? reason_text(last.outcome->reason, last.outcome->detail) : "no result was recorded"));
  }

  // rejected, expired
  void failed(const model::Decision& decision) {
    constexpr std::string_view kUnreadable = "unreadable: ";
    constexpr std::string_view kExpired = "expired: ";
    const auto why = rest(decision);
    if (why.starts_with(kUnreadable)) {
      return out_.add("Its stored record could not be read " + times_.at(decision.at) +
                      ", so it was rejected: " + why.substr(kUnreadable.size()));
    }
    auto text = capitalized(decision.event) + " " + times_.at(decision.at);
    auto tried = attempts();
    std::erase_if(tried, [&](const auto& attempt) { return attempt.started_at > decision.at; });
    if (tried.empty()) text += " without an attempt";
    if (tried.size() > 1) text += " after " + std::to_string(tried.size()) + " attempts";
    const bool expired = decision.event == "expired" && (!tried.empty() || why.starts_with(kExpired));
    out_.add(text + ": " + (expired ? "not delivered within " + max_age_in(decision.detail) : why) + successors());
    if (expired && !tried.empty()) out_.add(failure_text("the last attempt", tried.back(), times_));
  }

  // "its max_age of 1d"
  static std::string max_age_in(std::string_view detail) {
    const auto found = detail.rfind(store::kMaxAgeOf);
    if (found == std::string_view::npos) return "its max_age";
    const auto end = detail.find_first_of(" ;", found + store::kMaxAgeOf.size());
    return quoted(detail.substr(found, end - found), kMaxName);
  }

  // "; mail took over"
  [[nodiscard]] std::string successors() const {
    std::string out;
    for (const auto& other : history_.deliveries) {
      if (other.fallback_of == delivery_.id) out += (out.empty() ? "" : ", ") + quoted(other.sink, kMaxName);
    }
    return out.empty() ? out : "; " + out + " took over";
  }

  void took_over(const model::Decision& decision) { out_.add("Took over " + times_.at(decision.at) + " " + rest(decision)); }

  void merged(const model::Decision& decision) {
    const auto detail = target_detail(decision.detail);
    out_.add(detail.sink + " did not take over: " + detail.rest);
  }

  // retried, discarded: "by ada (uid 1000): the token was renewed"
  void by_operator(const model::Decision& decision) {
    out_.add(capitalized(decision.event) + " " + times_.at(decision.at) + " " + rest(decision));
  }

  void late(const model::Decision& decision) { out_.add("Reported late, " + times_.at(decision.at) + ": " + rest(decision)); }

  void restored(const model::Decision& decision) {
    out_.add("The queue was restored from a copy " + times_.at(decision.at) + ": this delivery " + rest(decision));
  }

  void dead_letter() {
    const auto discard = "`belfry deliveries discard " + id() + " --reason TEXT`";
    if (history_.notification.sensitive && history_.notification.title.empty()) {
      return out_.add("It is a dead letter and cannot be sent again, because its text is gone; end it with " + discard);
    }
    if (delivery_.last_reason == "unreadable") {
      return out_.add("It is a dead letter and cannot be sent again; end it with " + discard);
    }
    if (const auto sink = context_.sinks.find(delivery_.sink); sink != context_.sinks.end()) {
      out_.add(sink_ + " " + quoted(sink->second, 2 * kMaxDetail));
    }
    out_.add("It is a dead letter: fix the cause, then send it again with `belfry deliveries retry " + id() + "`, or end it with " +
             discard);
  }

  [[nodiscard]] bool has(std::string_view event) const {
    return std::ranges::any_of(decisions_, [&](const auto* decision) { return decision->event == event; });
  }
  [[nodiscard]] std::string rest(const model::Decision& decision) const { return after_target(decision.detail, delivery_); }
  [[nodiscard]] std::string route() const {
    return delivery_.route.empty() ? "its route" : "route \"" + quoted(delivery_.route, kMaxName) + "\"";
  }
  [[nodiscard]] std::string id() const { return quoted(delivery_.id, kMaxName); }

  // Since an operator last retried the delivery, as far as its decisions have been written.
  [[nodiscard]] std::vector<model::Attempt> attempts() const {
    std::vector<model::Attempt> own;
    std::ranges::copy_if(history_.attempts, std::back_inserter(own),
                         [&](const auto& attempt) { return attempt.delivery_id == delivery_.id && attempt.started_at >= life_began_; });
    return own;
  }

  const store::History& history_;
  const model::Delivery& delivery_;
  const Context& context_;
  TimeWriter& times_;
  const std::string sink_;
  std::vector<const model::Decision*> decisions_;
  base::Timestamp life_began_{};
  Paragraph out_;
};

}  // namespace

// A rule that held or throttled the delivery was applied before the delivery had an id.
bool concerns(const model::Decision& decision, const model::Delivery& delivery) {
  if (!decision.delivery_id.empty()) return decision.delivery_id == delivery.id;
  return (decision.event == "held" || decision.event == "throttled") && names_target(decision.detail, delivery);
}

Paragraph delivery_account(const store::History& history, const model::Delivery& delivery, const Context& context, TimeWriter& times) {
  return Account(history, delivery, context, times).run();
}

}  // namespace belfry::why
