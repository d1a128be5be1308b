// The backends of the services that plugins call. The app implements them on the store and /metrics.
// Thread rule: any thread; calls must not block. Ownership: a backend outlives every instance.
#pragma once
#include <belfry/plugin.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace belfry::plugin {

// Durable key-value state. A handler is called exactly once, on any thread, once the result is durable.
class KvBackend {
 public:
  template <class T>
  using Handler = std::move_only_function<void(base::Result<T>)>;
  struct Value {
    std::string value;
    std::uint64_t version = 0;
  };

  virtual ~KvBackend() = default;
  virtual void get(std::string scope, std::string key, Handler<std::optional<Value>> handler) = 0;
  // `expected`: none writes unconditionally, a version writes only over that version, and 0 writes only when the key is absent. The handler
  // gets the new version, or 0 when `expected` did not match.
  virtual void put(std::string scope, std::string key, std::string value, std::optional<std::uint64_t> expected,
                   Handler<std::uint64_t> handler) = 0;
  virtual void erase(std::string scope, std::string key, Handler<bool> handler) = 0;  // false: the key was absent
};

// Stores what sinks report about recipients.
class RecipientsBackend {
 public:
  virtual ~RecipientsBackend() = default;
  // The lengths of `email` and `zone` are within the limits of recipients/1; their contents are unchecked.
  virtual void set_time_zone(std::string_view sink, std::string_view email, std::string_view zone) = 0;
};

// How many reasons of outcomes the metrics of a sink show by name.
inline constexpr std::size_t kMaxReasons = BELFRY_MAX_REASONS;

class MetricsBackend {
 public:
  virtual ~MetricsBackend() = default;
  // Names are validated by the caller: [a-z][a-z0-9_]{0,47}, at most 50 per sink, each either a counter or a gauge.
  virtual void counter_add(std::string_view sink, std::string_view name, double by) = 0;
  virtual void gauge_set(std::string_view sink, std::string_view name, double value) = 0;
  // Increments belfry_plugin_violations_total{sink,kind}. The kinds: bad_argument, bad_outcome, bad_ticket, completed_late,
  // completed_twice, hung, log_flood, slow_call, slow_scan, stop_timeout, threw, too_early, too_many_requests.
  virtual void violation(std::string_view sink, std::string_view kind) = 0;
};

}  // namespace belfry::plugin
