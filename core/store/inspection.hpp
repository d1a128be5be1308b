// The values of an operator's queries and changes (the lower half of store.hpp).
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "model/delivery.hpp"

namespace belfry::store {

// The states in which deliveries are listed; each delivery has exactly one. The stored state `waiting` is divided by when and why the
// delivery is due, as SinkStats counts it. Rejected and expired deliveries that wait for a person are `dead`; for those that are listed as
// `rejected` and `expired`, a fallback took over.
enum class ListedState { waiting, in_flight, backoff, held, delivered, rejected, expired, discarded, dead };

[[nodiscard]] std::string_view to_string(ListedState state);
[[nodiscard]] std::optional<ListedState> listed_state(std::string_view name);

// Every member that is set must match.
struct Filter {
  std::optional<ListedState> state;
  std::string sink;                      // empty: all
  std::string email;                     // of the recipient; empty: all; ASCII case is ignored
  std::string event;                     // Notification::name, exactly; empty: all
  std::optional<base::Timestamp> since;  // created at or after
};

struct PageRequest {
  static constexpr std::size_t kMaxLimit = 1000;

  std::size_t limit = 100;   // 1..kMaxLimit
  std::uint64_t before = 0;  // the sequence that the previous page ended with; 0: the first page
};

struct ListedDelivery {
  model::Delivery delivery;
  ListedState state = ListedState::waiting;  // `dead` if the delivery is a dead letter
  std::string event;                         // name of its (first) notification
  std::string email;                         // of the recipient, in lower case; empty: none
  std::string source;
  std::string msg_id;
};

// Newest first.
struct DeliveryPage {
  std::vector<ListedDelivery> deliveries;
  std::uint64_t next = 0;  // PageRequest::before of the next page; 0: this is the last page
};

// The author of a change and the reason for it. Recorded with each change.
struct Operator {
  std::string name;    // "ada (uid 1000)", "token alice"
  std::string reason;  // may be empty
};

// Unchanged::why of an id that no delivery has.
inline constexpr std::string_view kDoesNotExist = "does not exist";
// Unchanged::why of a delivery or notification that cannot be sent again.
inline constexpr std::string_view kErased = "its sensitive text was erased";

// A delivery that an operation left as it was.
struct Unchanged {
  std::string delivery_id;
  std::string why;  // one sentence without a subject: "is in flight", "does not exist"

  bool operator==(const Unchanged&) const = default;
};

struct Changed {
  std::vector<std::string> changed;  // delivery ids, each once
  std::vector<Unchanged> unchanged;  // in the order of the request, each once
  std::vector<std::string> sinks;    // with a queue that may be ready earlier than before, each once
};

// The fresh max_age of deliveries that are retried.
struct RetryAges {
  std::map<std::string, base::Millis> by_sink;  // a delivery to another sink is left as it was: nothing would send it
};

// Something that an operator did. Kept as long as a notification received before it is stored, and never less than the retention.
struct OperatorAction {
  std::int64_t id = 0;  // increasing
  base::Timestamp at{};
  std::string action;  // slug: retry, discard, send, release, reload, log_level, backup
  std::string by;      // Operator::name
  std::string reason;
  std::string subject;           // what it applied to, one phrase: "3 deliveries of slack", "sink slack"; may be empty
  std::uint64_t deliveries = 0;  // changed by it

  bool operator==(const OperatorAction&) const = default;
};

// The detail of a decision `deduplicated` ends with the notification that was repeated. Returns its id; empty: the detail names none, since
// an older version wrote it.
inline constexpr std::string_view kAsNotification = " as notification ";
[[nodiscard]] std::string repeated_id(std::string_view detail);

// Precedes the duration in the detail of a decision `expired`; an older version wrote none.
inline constexpr std::string_view kMaxAgeOf = "its max_age of ";

// When a source last sent a request that was accepted or was a duplicate, to the second.
struct SourceHeard {
  std::string source;
  base::Timestamp at{};
  std::string msg_id;  // of that request
};

}  // namespace belfry::store
