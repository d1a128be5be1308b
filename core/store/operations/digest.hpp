// The notifications of a delivery, within the limits of one message.
#pragma once
#include "store/tables.hpp"

namespace belfry::store::operations {

// A digest is closed when it reaches either limit. A single notification may be larger.
inline constexpr std::uint32_t kDigestMembers = 500;
inline constexpr std::size_t kDigestBytes = 256UL * 1024;  // of stored text

[[nodiscard]] constexpr bool fits_digest(std::size_t members, std::size_t bytes, std::size_t added) {
  return members == 0 || (members < kDigestMembers && bytes + added <= kDigestBytes);
}

struct Contents {
  std::vector<model::Notification> items;  // never empty
  std::size_t bytes = 0;                   // of stored text
};

// Reads the notifications of a delivery that is about to be leased. Members of a digest that do not fit move to new digests behind it in
// `queue`, and unreadable ones to a dead letter; the caller saves the queue. The error has the reason why the delivery cannot be read.
[[nodiscard]] base::Result<Contents> read_contents(Tables& tables, const DeliveryRow& row, QueueRow& queue, base::Timestamp now);

}  // namespace belfry::store::operations
