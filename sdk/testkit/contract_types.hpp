// The contract's notions: states, tags, tickets and requests. Internal to the test kit.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "belfry/sdk.hpp"

// The size that a struct must have to include `member`: of the last member of version 1.0, which every writer fills in.
#define BELFRY_SIZE_THROUGH(type, member) (offsetof(type, member) + sizeof(type::member))

namespace belfry::testkit {

namespace sd = sdk::detail;

// The states of the header's table, in order, and those before and after.
enum class Stage : unsigned { creating, created, configured, started, checking, stopping, stopped, destroyed };

constexpr unsigned bit(Stage stage) { return 1U << static_cast<unsigned>(stage); }
constexpr unsigned kStarted = bit(Stage::started);
constexpr unsigned kChecking = bit(Stage::checking);
constexpr unsigned kStopping = bit(Stage::stopping);
constexpr unsigned kLive = kStarted | kChecking | kStopping;

// A function of the host, with the tag that the header gives it.
struct HostFunction {
  std::string_view name;        // "complete"
  std::string_view service{};   // BELFRY_HOST_*; empty: a function of belfry_host
  unsigned stages = kLive;      // in which the sink may call it
  bool strand = false;          // [strand]; otherwise [any]
  bool during_destroy = false;  // may also be called from destroy()
  bool may_be_late = false;     // a call after the sink has stopped is refused, and no violation
};

// A ticket that the host has issued.
struct IssuedTicket {
  enum class Purpose { deliver, reconcile, inbound, check, stop };
  Purpose purpose = Purpose::deliver;
  bool received = false;   // by the sink
  bool ended = false;      // by the sink
  bool abandoned = false;  // by the host
  bool excused = false;    // when it was abandoned, the sink was to stop, or work was running that cannot be cancelled
  bool has_requests = false;
  bool has_work = false;     // run_for has been called
  bool work_begun = false;   // and its function too
  Millis time{0};            // the attempt's time limit
  MonotonicTime deadline{};  // from when it was received, or when its work has begun
  std::uint64_t alarm = 0;   // the action that abandons it
  std::optional<Outcome> outcome;
  std::optional<ReconcileResult> result;
  std::optional<InboundReply> reply;
  Findings findings;
  std::string unfinished;

  [[nodiscard]] bool open() const { return received && !ended && !abandoned; }
};

// A request of the sink that will still have an event.
struct OpenRequest {
  std::uint32_t kind = 0;  // BELFRY_EVENT_*
  std::uint64_t user_data = 0;
  belfry_ticket on_behalf_of = 0;
};

struct BegunRequest {
  belfry_ticket ticket = 0;  // 0: refused
  bool dead = false;         // its owner has ended: there will be no event
};

enum class CallThread { control, strand };

// Text without a JSON error for invalid UTF-8.
[[nodiscard]] std::string dump(const nlohmann::json& document);
[[nodiscard]] bool is_utf8(std::string_view text);
// A slug [a-z_]{1,max}; with `digits`, [a-z][a-z0-9_]{0,max-1}.
[[nodiscard]] bool is_slug(std::string_view text, std::size_t max, bool digits);
// A duration of the sink's, without overflow.
[[nodiscard]] Millis millis(std::uint64_t count);
[[nodiscard]] const char* to_string(IssuedTicket::Purpose purpose);

}  // namespace belfry::testkit
