// What the services of the plugin contract stand on; the app connects them to the store and to /metrics.
// Thread rule: any thread; must not block. Ownership: outlive every instance.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace belfry::plugin {

// Durable key-value state. A handler is called exactly once, on any thread, when the result is durable.
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
  // expected: none writes always; a version writes only over that one, 0 only when absent. Gives the new version, 0 when it did not match.
  virtual void put(std::string scope, std::string key, std::string value, std::optional<std::uint64_t> expected,
                   Handler<std::uint64_t> handler) = 0;
  virtual void erase(std::string scope, std::string key, Handler<bool> handler) = 0;  // false: was not there
};

// What sinks know about the people that notifications are for.
class RecipientsBackend {
 public:
  virtual ~RecipientsBackend() = default;
  // Both texts are of the lengths that recipients/1 allows, and not looked at further.
  virtual void time_zone(std::string_view sink, std::string_view email, std::string_view zone) = 0;
};

class MetricsBackend {
 public:
  virtual ~MetricsBackend() = default;
  // Names are checked: [a-z][a-z0-9_]{0,47}, at most 50 per sink, each either a counter or a gauge.
  virtual void counter_add(std::string_view sink, std::string_view name, double by) = 0;
  virtual void gauge_set(std::string_view sink, std::string_view name, double value) = 0;
  // belfry_plugin_violations_total{sink,kind}. The kinds: bad_argument, bad_outcome, bad_ticket, completed_late, completed_twice, hung,
  // log_flood, slow_call, slow_scan, stop_timeout, threw, too_many_requests.
  virtual void violation(std::string_view sink, std::string_view kind) = 0;
};

}  // namespace belfry::plugin
