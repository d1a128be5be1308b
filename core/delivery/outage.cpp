#include "delivery/outage.hpp"

#include <algorithm>
#include <utility>

namespace belfry::delivery {

using model::OutcomeCode;

Outage::Notice Outage::record(const model::Outcome& outcome, base::Timestamp now) {
  if (outcome.code == OutcomeCode::retry) return record_failure(outcome, now);
  if (outcome.code == OutcomeCode::delivered || outcome.http_status != 0) return record_response(now);
  return {};
}

Outage::Notice Outage::record_failure(const model::Outcome& outcome, base::Timestamp now) {
  last_ = Failure{now, outcome.reason, outcome.detail};
  if (attempts_++ == 0) {
    since_ = now;
    count_interval_ = kFirstCount;
    reported_ = false;
    next_count_ = now + kFirstCount;
  }
  if (!open()) return {};
  const bool follows_another = ended_at_ && since_ - *ended_at_ < kFlapWindow;
  if (!reported_ && (!follows_another || now - since_ >= kFlapWindow)) {
    reported_ = true;
    next_count_ = now + kFirstCount;
    return notice(Notice::Kind::begins, now);
  }
  if (!reported_ || now < next_count_) return {};
  count_interval_ = std::min(count_interval_ * 2, kLastCount);
  next_count_ = now + count_interval_;
  return notice(Notice::Kind::continues, now);
}

Outage::Notice Outage::record_response(base::Timestamp now) {
  const auto over = notice(Notice::Kind::ends, now);
  const bool was_open = open();
  attempts_ = 0;
  if (was_open) ended_at_ = now;
  return was_open && std::exchange(reported_, false) ? over : Notice{};
}

}  // namespace belfry::delivery
