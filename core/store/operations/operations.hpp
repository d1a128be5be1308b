// The operations of the store (store.hpp) as functions on the tables of any medium. Each either completes, or returns an error before it
// has written anything.
#pragma once
#include "store/tables.hpp"

namespace belfry::store::operations {

// `text`: the encoded notification.
[[nodiscard]] base::Result<Accepted> accept(Tables& tables, const Acceptance& acceptance, const std::string& text);

[[nodiscard]] base::Result<Lease> lease(Tables& tables, const LeaseRequest& request);
[[nodiscard]] base::Result<Lease> lease_expired(Tables& tables, const LeaseRequest& request);
[[nodiscard]] base::Result<bool> release(Tables& tables, const std::string& claim, std::uint32_t attempt, base::Timestamp at);
[[nodiscard]] base::Result<std::uint32_t> begin(Tables& tables, const std::string& claim, bool possible_duplicate, base::Timestamp now);

// `outcome`: the encoded outcome.
[[nodiscard]] base::Result<Finished> finish(Tables& tables, const Finish& finish, const std::string& outcome);
[[nodiscard]] base::Result<LateResult> finish_late(Tables& tables, const std::string& delivery_id, std::uint32_t attempt,
                                                   const model::Outcome& outcome, base::Timestamp now);

[[nodiscard]] base::Result<bool> pause_queue(Tables& tables, const std::string& sink, const std::string& destination_key,
                                             base::Timestamp until);
[[nodiscard]] base::Result<Changed> retry(Tables& tables, const std::vector<std::string>& ids, const Operator& by, base::Timestamp now,
                                          const RetryAges& ages);
// `text`: the encoded notification of the plan.
[[nodiscard]] base::Result<Changed> reroute(Tables& tables, const Acceptance& plan, const std::string& text, const Operator& by,
                                            base::Timestamp now);
[[nodiscard]] base::Result<Changed> discard(Tables& tables, const std::vector<std::string>& ids, const Operator& by, base::Timestamp now);
[[nodiscard]] base::Result<SweepResult> sweep(Tables& tables, base::Timestamp before, std::size_t limit);
[[nodiscard]] base::Result<std::size_t> save_clock(Tables& tables, const base::ClockCheckpoint& mark);
// Ends the given deliveries, which no lease would find, as dead letters. Returns their new state.
[[nodiscard]] std::vector<model::Delivery> dead_letter_unreachable(Tables& tables, const std::vector<RowId>& deliveries,
                                                                   base::Timestamp now);

// Runs the first step of a search for one page. Run Tables::search() until it is done, then read_rows() until the page is complete.
[[nodiscard]] base::Result<Search> begin_search(Tables& tables, Filter filter, const PageRequest& page, base::Timestamp now);
void read_rows(Tables& tables, Search& search);
[[nodiscard]] base::Result<std::vector<std::string>> resolve(Tables& tables, const std::string& id);
[[nodiscard]] base::Result<History> history(Tables& tables, const std::string& notification_id);

[[nodiscard]] base::Result<std::vector<OperatorAction>> list_audit(Tables& tables, std::int64_t before, std::size_t limit);

[[nodiscard]] base::Result<std::optional<KvValue>> kv_get(Tables& tables, const std::string& scope, const std::string& key);
[[nodiscard]] base::Result<std::uint64_t> kv_put(Tables& tables, const std::string& scope, const std::string& key, std::string value,
                                                 std::optional<std::uint64_t> expected);
[[nodiscard]] base::Result<bool> kv_erase(Tables& tables, const std::string& scope, const std::string& key);

}  // namespace belfry::store::operations
