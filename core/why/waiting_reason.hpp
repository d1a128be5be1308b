// Explains the obstacle or the time that an unfinished delivery waits for. Pure.
// Thread rule: any thread.
#pragma once
#include "store/store.hpp"
#include "why/explanation.hpp"
#include "why/quoting.hpp"
#include "why/time_writer.hpp"

namespace belfry::why {

// "timeout: no response within 10s"
[[nodiscard]] std::string reason_text(const std::string& reason, const std::string& detail);

// "Attempt 2 failed at 09:00:05: timeout: no response within 10s", if `subject` is "attempt 2".
[[nodiscard]] std::string failure_text(const std::string& subject, const model::Attempt& attempt, TimeWriter& times);

// `attempts`: those of `delivery` since an operator last retried it, by number.
[[nodiscard]] Paragraph waiting_reason(const store::History& history, const model::Delivery& delivery,
                                       const std::vector<model::Attempt>& attempts, const Context& context, TimeWriter& times);

}  // namespace belfry::why
