// What a delivery carries, within the bounds of one message.
#pragma once
#include "store/tables.hpp"

namespace belfry::store::rules {

// A digest is closed when it has reached either. One notification alone may be larger.
inline constexpr std::uint32_t kDigestMembers = 500;
inline constexpr std::size_t kDigestBytes = 256UL * 1024;  // of stored text

[[nodiscard]] constexpr bool fits_digest(std::size_t members, std::size_t bytes, std::size_t added) {
  return members == 0 || (members < kDigestMembers && bytes + added <= kDigestBytes);
}

struct Contents {
  std::vector<model::Notification> items;  // never empty
  std::size_t bytes = 0;                   // of stored text
};

// Reads the notifications of a delivery that can be leased. Members of a digest that do not fit become digests of their own, behind it in
// `queue`, and those that cannot be read a dead letter; the caller saves the queue. An error says why none of it can be read.
[[nodiscard]] base::Result<Contents> read_contents(Tables& tables, const DeliveryRow& row, QueueRow& queue, base::Timestamp now);

}  // namespace belfry::store::rules
