#include <algorithm>
#include <limits>

#include "store/operations/operations.hpp"
#include "store/operations/steps.hpp"

namespace belfry::store::operations {
namespace {

constexpr std::size_t kRowsAtOnce = 20;  // of a page, so that accepts do not wait for all of it

base::Timestamp paused_until(Tables& tables, const DeliveryRow& row) {
  if (row.delivery.state != model::DeliveryState::waiting) return {};
  const auto queue = tables.queue(row.queue);
  return queue ? queue->paused_until : base::Timestamp{};
}

ListedDelivery read_listed(Tables& tables, DeliveryRow row, base::Timestamp now) {
  ListedDelivery listed{.state = listed_state(row, paused_until(tables, row), now), .event = std::move(row.event)};
  if (auto notification = tables.notification(row.notification)) {
    listed.email = std::move(notification->email);
    listed.source = std::move(notification->source);
    listed.msg_id = std::move(notification->msg_id);
  } else {
    listed.email = std::move(row.email);
  }
  listed.delivery = std::move(row.delivery);
  return listed;
}

}  // namespace

base::Result<Search> begin_search(Tables& tables, Filter filter, const PageRequest& page, base::Timestamp now) {
  if (page.limit < 1 || page.limit > PageRequest::kMaxLimit) {
    return base::fail(base::ErrorCode::invalid, "the limit must be 1 to " + std::to_string(PageRequest::kMaxLimit) + " deliveries, not " +
                                                    std::to_string(page.limit));
  }
  constexpr auto kAll = std::numeric_limits<RowId>::max();
  filter.email = ascii_lower(std::move(filter.email));
  Search search{.filter = std::move(filter),
                .now = now,
                .before = page.before == 0 ? kAll : static_cast<RowId>(std::min<std::uint64_t>(page.before, kAll)),
                .limit = page.limit + 1};  // one more shows whether another page follows
  tables.search(search);
  return search;
}

void read_rows(Tables& tables, Search& search) {
  const auto full = search.limit - 1;
  const auto wanted = std::min(full, search.found.size());
  for (const auto end = std::min(search.read + kRowsAtOnce, wanted); search.read < end; ++search.read) {
    if (auto row = tables.delivery(search.found[search.read]))
      search.page.deliveries.push_back(read_listed(tables, std::move(*row), search.now));
  }
  search.complete = search.read == wanted;
  if (search.complete && search.found.size() > full) search.page.next = static_cast<std::uint64_t>(search.found[full - 1]);
}

base::Result<std::vector<std::string>> resolve(Tables& tables, const std::string& id) {
  if (const auto row = tables.delivery(id); row && !row->delivery.notification_id.empty())
    return std::vector{row->delivery.notification_id};
  if (tables.notification(id)) return std::vector{id};
  return tables.find_ids(id);
}

}  // namespace belfry::store::operations
