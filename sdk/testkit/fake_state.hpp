// The state of a FakeHost, and the rules that it enforces. Internal to the test kit.
//
// Thread rule: everything under `lock`. call() releases the lock while the sink runs, so that threads of the sink can use the host.
#pragma once
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "belfry/testkit/fake_host.hpp"
#include "contract_types.hpp"
#include "host_lock.hpp"

namespace belfry::testkit {

using RealClock = std::chrono::steady_clock;

// An object that is lent to the sink for one call. It is kept until the host is destroyed, so that later use is detected.
struct LentWriter {
  FakeState& host;
  std::string where;  // "start()"
  std::string text{};
  bool lent = true;
  belfry_writer raw{};
};
struct LentFindings {
  FakeState& host;
  Findings findings{};
  bool lent = true;
  belfry_findings raw{};
};

struct FakeState {
  FakeState(const belfry_plugin_entry* entry, const std::function<std::uint32_t(const belfry_plugin_entry&)>& choose);

  // ---- rules.cpp: violations, and arguments of the sink
  void violation(std::string_view kind, const std::string& sentence);
  // Whether the sink may call the function now. Reports a violation if not.
  bool admits(const HostFunction& function);
  [[nodiscard]] bool is_declared(std::string_view service) const;
  void check_no_secrets(std::string_view where, std::string_view text);
  // Reports more than the bound, whose name is `bound`. Returns whether the value is within it.
  bool check_bound(std::string_view what, std::uint64_t value, std::uint64_t max, std::string_view bound);
  void check_reserved(std::string_view what, std::uint64_t reserved);
  // Copies text of the sink. The first reports what is not UTF-8.
  std::string text(belfry_str raw, std::string_view where);
  std::string bytes(belfry_str raw, std::string_view where);
  // Copies a struct of the sink. `required`: BELFRY_SIZE_THROUGH its last member of version 1.0.
  template <class Struct>
  Struct read(const Struct* raw, std::string_view name, std::size_t required) {
    if (raw == nullptr) violation("bad_argument", std::string(name) + " is null");
    if (raw != nullptr && raw->size < required) report_short_struct(name, raw->size, required);
    return sd::copy_sized(raw);
  }
  void report_short_struct(std::string_view name, std::size_t size, std::size_t required);

  // ---- calls.cpp: calls into the sink, and threads
  // Returns whether the call returned without an exception. Throws std::logic_error if the sink is being called already.
  bool call(std::string_view name, CallThread thread, const std::function<void()>& function);
  // Whether the calling thread is inside a call into the sink.
  [[nodiscard]] bool on_strand() const { return in_call && caller == std::this_thread::get_id(); }
  void watch_call(std::string_view name, CallThread thread, RealClock::duration took);
  belfry_status check_status(std::string_view name, belfry_status status);
  LentWriter& lend_writer(std::string where);
  LentFindings& lend_findings();
  // Wakes run_until().
  void signal();
  void wait_for_signal(std::uint64_t seen, RealClock::time_point until);
  [[nodiscard]] std::uint64_t signals();

  // ---- agenda.cpp: events, timers and requests of the sink
  BegunRequest begin_request(std::uint32_t kind, belfry_ticket on_behalf_of, std::uint64_t user_data);
  // Performs `fire` with the next run(), or after `after`.
  void schedule(std::uint64_t id, belfry_ticket on_behalf_of, Millis after, std::function<void()> fire);
  // Schedules an action of the host, which belongs to no request. Returns its id.
  std::uint64_t later(Millis after, std::function<void()> action);
  // Raises an event, unless its request has ended. Only a WebSocket has another one after it.
  void raise(belfry_ticket ticket, const void* payload, bool last = true);
  void raise_event(belfry_ticket ticket, std::uint32_t kind, std::uint64_t user_data, const void* payload);
  void end_requests_of(belfry_ticket owner);
  void end_all_requests();
  void cancel(belfry_ticket ticket);
  belfry_ticket wake(std::uint64_t user_data);
  void run();
  // Moves time to the next action that is due by `until`. Without one, moves it to `until` and returns false.
  bool advance_to_next(MonotonicTime until);
  void advance_to(MonotonicTime time);
  [[nodiscard]] bool was_issued(belfry_ticket ticket) const { return ticket >= first_ticket && ticket <= last_ticket; }

  // ---- lifecycle.cpp
  void create();
  std::expected<Findings, Findings> configure(const nlohmann::json& settings);
  void begin_stop(Millis limit);
  void stopped(belfry_ticket done);
  void end_stopping();
  void destroy();

  // ---- plugin.cpp: the plugin's tables, and whether the gateway would accept them
  void read_entry(const belfry_plugin_entry* raw);
  void read_descriptor(std::uint32_t index);
  void read_api(const belfry_sink_api* raw);
  void load_extensions();
  void load_routes();
  const void* query_extension(std::string_view id);
  template <class Table>
  void load_extension(std::optional<Table>& into, const char* id, std::size_t required, bool (*is_whole)(const Table&));

  // ---- tickets.cpp, results.cpp: deliveries, and how tickets end
  belfry_ticket issue(IssuedTicket::Purpose purpose);
  belfry_ticket deliver(const nlohmann::json& document, const FakeHost::DeliveryOptions& options);
  void dispatch_waiting();
  void dispatch(belfry_ticket ticket, const nlohmann::json& document, const FakeHost::DeliveryOptions& options);
  void abandon_at(belfry_ticket ticket, MonotonicTime deadline);
  // `stopping`: because the sink is to stop, and not because its deadline has passed.
  void abandon(belfry_ticket ticket, bool stopping = false);
  // The ticket that `function` ends. Null, after a violation, if it may not end it. A late one is returned, too.
  IssuedTicket* ending(std::string_view function, belfry_ticket ticket, IssuedTicket::Purpose purpose);
  // Called before a late result is recorded.
  void check_late(std::string_view function, belfry_ticket ticket, const IssuedTicket& issued, bool useful);
  void end(belfry_ticket ticket, IssuedTicket& issued);
  void complete(belfry_ticket ticket, const belfry_outcome* outcome);
  void settle(belfry_ticket ticket, const belfry_reconcile_result* result);
  void reply(belfry_ticket ticket, const belfry_inbound_reply* reply);
  bool add_finding(belfry_ticket ticket, const belfry_finding* finding);
  void end_check(belfry_ticket ticket, belfry_str unfinished);
  Outcome read_outcome(const belfry_outcome* raw);
  std::string read_detail(belfry_str raw);
  Millis read_pause(std::uint64_t retry_after_ms);
  nlohmann::json read_receipt(belfry_str raw);
  std::optional<Finding> read_finding(const belfry_finding* raw, std::size_t already);
  [[nodiscard]] std::size_t open_deliveries() const;

  // ---- http.cpp, websocket.cpp
  belfry_ticket send(const belfry_http_request* raw);
  Response response_for(const Request& request);
  void schedule_response(const Request& request, const Response& response);
  [[nodiscard]] Millis http_limit(const Request& request) const;
  bool read_headers(const belfry_http_header* raw, std::uint32_t count, std::string_view where, Headers& out);
  belfry_ticket connect(const belfry_websocket_request* raw);
  FakeWebSocket* find_websocket(std::string_view function, belfry_ticket ticket);
  void receive(belfry_ticket ticket, std::uint32_t messages);
  bool send_text(belfry_ticket ticket, belfry_str text);
  void close(belfry_ticket ticket, std::uint32_t code, belfry_str reason);
  void raise_websocket(belfry_ticket ticket, std::uint32_t kind, const WebSocketEvent& from);
  void end_websocket(belfry_ticket ticket);

  // ---- kv.cpp, rate_limit.cpp, offload.cpp
  struct KvSlot {
    Scope scope{};
    std::string account;  // its value, not its reference
    std::string key;
    auto operator<=>(const KvSlot&) const = default;
  };
  struct KvValue {
    std::string value;
    std::uint64_t version = 0;
  };
  [[nodiscard]] KvSlot kv_slot(Scope scope, std::string key) const;
  // A bucket's limit, the tokens taken and its pause, on the monotonic clock.
  struct Bucket {
    Millis each{0};
    std::uint32_t burst = 1;
    Millis used_until{0}, limited_until{0};
  };
  Bucket& bucket_of(const BucketKey& key);
  void limit(const BucketKey& key, Millis after);
  bool release_offload();

  // ---- The plugin, and one sink of it
  belfry_plugin_entry entry{};
  belfry_descriptor descriptor{};
  std::set<std::string, std::less<>> declared, undeclared_uses;
  belfry_host host{};
  void* self = nullptr;
  belfry_sink_api api{};
  Stage stage = Stage::creating;
  bool configured_once = false;
  bool stopped_in_time = false;
  bool in_destroy = false;
  bool only_checks = false;  // check() was called instead of start(): kv is empty and stores nothing
  bool closing = false;      // FakeHost is being destroyed
  nlohmann::json config;
  std::set<std::string, std::less<>> extensions;
  std::optional<belfry_sink_inbound_http> inbound;
  std::optional<belfry_sink_reconcile> reconcile;
  std::optional<belfry_sink_check_online> check_online;
  std::optional<belfry_sink_in_flight> in_flight;
  std::optional<belfry_sink_render> render;
  std::vector<InboundRoute> routes;
  std::uint32_t max_in_flight = 0;

  // ---- Calls and threads
  HostLock lock;
  bool in_call = false;
  std::thread::id caller;
  RealClock::duration host_time{0};  // spent in the host during the present call
  bool watches_calls = false;
  double watch_factor = 1;
  std::exception_ptr test_error;  // thrown by a responder of the test, inside a call of the sink into the host
  std::deque<LentWriter> writers;
  std::deque<LentFindings> lent_findings;
  std::mutex signal_mutex;
  std::condition_variable signalled;
  std::uint64_t signal_count = 0;  // guarded by signal_mutex

  // ---- Time, tickets and requests. Tickets count up from first_ticket; actions of the host have ids far above.
  static constexpr belfry_ticket first_ticket = 1001;
  static constexpr std::uint64_t first_action = std::uint64_t{1} << 62U;
  Timestamp wall{std::chrono::sys_days(std::chrono::year(2026) / 1 / 1)};
  MonotonicTime mono{std::chrono::hours(1)};  // differs from the wall clock, so that a mix-up shows
  belfry_ticket last_ticket = first_ticket - 1;
  std::uint64_t last_action = first_action;
  struct Pending {
    belfry_ticket on_behalf_of = 0;
    std::function<void()> fire;
  };
  std::map<std::uint64_t, Pending> pending;
  std::deque<std::uint64_t> ready;
  std::multimap<MonotonicTime, std::uint64_t> timers;
  std::map<belfry_ticket, OpenRequest> open;
  bool refuses_requests = false;
  belfry_ticket stop_ticket = 0;
  std::map<belfry_ticket, IssuedTicket> tickets;
  std::map<belfry_ticket, Outcome> late_outcomes;
  struct WaitingMessage {
    belfry_ticket ticket = 0;
    nlohmann::json document;
    FakeHost::DeliveryOptions options;
  };
  std::deque<WaitingMessage> waiting;

  // ---- Services
  std::set<std::string, std::less<>> removed;
  struct Rule {
    std::string method, url_part;
    Responder responder;
    [[nodiscard]] bool matches(const Request& request) const {
      return request.method == method && request.url.find(url_part) != std::string::npos;
    }
  };
  std::vector<Rule> rules, expected;
  std::map<std::size_t, Response> overrides;
  bool holds_responses = false;
  std::vector<Request> requests;
  struct HeldRequest {
    Request request;
    MonotonicTime times_out{};
  };
  std::map<belfry_ticket, HeldRequest> held;
  std::vector<std::pair<std::string, HandshakeRule>> websocket_rules;
  std::deque<FakeWebSocket> websockets;
  std::map<KvSlot, KvValue> kv;
  std::uint64_t kv_version = 0;
  bool kv_fails = false;
  std::map<std::string, std::string> time_zones;
  bool holds_grants = false;
  std::deque<belfry_ticket> waiting_grants;
  std::vector<FakeHost::BucketCall> defined, acquired, reported_limits;
  std::map<BucketKey, Bucket> buckets;
  struct Offloaded {
    belfry_ticket ticket = 0;
    belfry_ticket on_behalf_of = 0;  // run_for only
    std::function<void(MonotonicTime)> function;
    bool cancelled = false;
  };
  std::deque<Offloaded> offloaded;
  bool holds_offload = false;
  bool offload_running = false;
  std::map<std::string, std::string> secrets;  // reference -> value
  std::string account;
  std::set<std::string> revealed, added_secrets;
  std::vector<FakeHost::LogLine> log;
  std::map<std::string, double> counters, gauges;
  std::set<std::string, std::less<>> metric_names, reasons;
  std::vector<std::string> violations;
};

}  // namespace belfry::testkit
