#include "delivery/outage.hpp"

#include <algorithm>
#include <utility>

namespace belfry::delivery {

using model::OutcomeCode;

Outage::News Outage::ended(const model::Outcome& outcome, base::Timestamp now) {
  if (outcome.code == OutcomeCode::retry) return failed(outcome, now);
  if (outcome.code == OutcomeCode::delivered || outcome.http_status != 0) return answered(now);
  return {};
}

Outage::News Outage::failed(const model::Outcome& outcome, base::Timestamp now) {
  last_ = Failure{now, outcome.reason, outcome.detail};
  if (attempts_++ == 0) {
    since_ = now;
    count_interval_ = kFirstCount;
    said_ = false;
    next_count_ = now + kFirstCount;
  }
  if (!open()) return {};
  const bool follows_another = ended_at_ && since_ - *ended_at_ < kCalm;
  if (!said_ && (!follows_another || now - since_ >= kCalm)) {
    said_ = true;
    next_count_ = now + kFirstCount;
    return news(News::Kind::begins, now);
  }
  if (!said_ || now < next_count_) return {};
  count_interval_ = std::min(count_interval_ * 2, kLastCount);
  next_count_ = now + count_interval_;
  return news(News::Kind::goes_on, now);
}

Outage::News Outage::answered(base::Timestamp now) {
  const auto over = news(News::Kind::ends, now);
  const bool was_open = open();
  attempts_ = 0;
  if (was_open) ended_at_ = now;
  return was_open && std::exchange(said_, false) ? over : News{};
}

}  // namespace belfry::delivery
