// The sentences about one delivery: held and collected by which rule, sent, failed, retried and discarded by whom, and what it waits for.
// Pure.
// Thread rule: any thread.
#pragma once
#include "store/store.hpp"
#include "why/explanation.hpp"
#include "why/quoting.hpp"
#include "why/time_writer.hpp"

namespace belfry::why {

// Whether the decision is part of the account of this delivery.
[[nodiscard]] bool concerns(const model::Decision& decision, const model::Delivery& delivery);

[[nodiscard]] Paragraph delivery_account(const store::History& history, const model::Delivery& delivery, const Context& context,
                                         TimeWriter& times);

}  // namespace belfry::why
