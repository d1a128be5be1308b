// A gateway for one sink, in one thread, with clocks that stand still until they are advanced. Nothing happens by itself: run() raises the
// events that are due, advance() moves time.
//
// It enforces the contract (belfry/plugin.h): each breach by the sink is a line in violations(), which starts with the kind of the breach.
// A call that the contract does not allow is refused as well, as in the gateway.
//
//     FakeHost host(belfry_plugin_entry_v1());
//     ASSERT_TRUE(host.configure({{"url", "https://example.com/hook"}, {"token", "hunter2"}}));
//     ASSERT_TRUE(host.start());
//     host.on("POST", "example.com/hook", Response::of(204));
//     EXPECT_EQ(host.deliver_and_settle(notification()).code, Outcome::Code::delivered);
//     EXPECT_THAT(host.violations(), IsEmpty());
//
// Thread rule: one thread uses this class, and calls the sink. Offloaded functions run on a thread of their own, one at a time, while that
// thread waits. The sink's own threads may call the host's [any] functions at any time; wait for them with run_until(). While they run, use
// the members that return a reference only in the condition of run_until().
//
// Destroying it stops the sink, refusing further HTTP requests and WebSockets, and then destroys the sink.
#pragma once
#include <cstdint>
#include <deque>
#include <expected>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "belfry/sdk.hpp"
#include "belfry/testkit/check_config.hpp"
#include "belfry/testkit/messages.hpp"
#include "belfry/testkit/print.hpp"
#include "belfry/testkit/response.hpp"
#include "belfry/testkit/websocket.hpp"

namespace belfry::testkit {

struct FakeState;

// Opens a shared library and returns the result of its entry function. Throws std::runtime_error on failure. The library is never closed.
[[nodiscard]] const belfry_plugin_entry* load_plugin(const std::filesystem::path& file);

class FakeHost {
 public:
  // Throws std::runtime_error if the gateway would refuse the plugin, or the type.
  explicit FakeHost(const belfry_plugin_entry* entry, std::uint32_t index = 0);
  FakeHost(const belfry_plugin_entry* entry, std::string_view type);
  FakeHost(const FakeHost&) = delete;
  FakeHost& operator=(const FakeHost&) = delete;
  ~FakeHost();

  // ---- Life cycle
  // Returns the sink's warnings and notes, or all findings if the configuration is refused. `config` contains secrets as plain values.
  // A sink is configured once: another call destroys the sink and creates a new one.
  std::expected<Findings, Findings> configure(const nlohmann::json& config);
  std::expected<void, std::string> start();
  // Stops the sink, running events and moving time by at most `wait`. Returns true once the sink has stopped; call again to wait longer.
  // `deadline`: what the sink receives with the first call. At half of it, open tickets are abandoned, as in the gateway. When it passes,
  // the sink counts as stopped, and is never destroyed.
  bool stop(Millis wait = std::chrono::seconds(30), Millis deadline = std::chrono::minutes(5));
  // Stops the sink if necessary, releasing offloaded functions, and destroys it. It cannot be used afterwards.
  void destroy();
  [[nodiscard]] const belfry_descriptor& descriptor() const;
  // Removes a service from the host. Call before start().
  void remove_service(std::string_view id);

  // ---- Messages
  struct DeliveryOptions {
    std::uint32_t attempt = 1;
    Millis time = std::chrono::seconds(10);  // until the delivery is abandoned
  };
  // Passes the message to the sink and returns its ticket. With in-flight/1, a message beyond the limit waits until an earlier one has
  // ended.
  belfry_ticket deliver(const nlohmann::json& document, const DeliveryOptions& options);
  belfry_ticket deliver(const nlohmann::json& document) { return deliver(document, DeliveryOptions{}); }
  // The outcome, if there is one yet. Abandoned deliveries end as retry/timeout, as in the gateway.
  [[nodiscard]] std::optional<Outcome> outcome(belfry_ticket ticket) const;
  // Runs events and moves time until the ticket is settled.
  Outcome settle(belfry_ticket ticket);
  Outcome deliver_and_settle(const nlohmann::json& document) { return settle(deliver(document)); }
  // Outcomes reported after their delivery had been abandoned, by ticket.
  [[nodiscard]] const std::map<belfry_ticket, Outcome>& late_outcomes() const;
  // Abandons the delivery now, as if its deadline had passed.
  void abandon(belfry_ticket ticket);
  // Abandons a ticket that the sink never received. The gateway does not do this; a robust sink ignores it.
  void abandon_unknown(belfry_ticket ticket);

  // ---- Extensions, by the ids of the sink's tables (BELFRY_SINK_*). Call these after configure().
  [[nodiscard]] bool has_extension(std::string_view id) const;
  [[nodiscard]] std::vector<InboundRoute> routes() const;
  // Of in-flight/1; 0: no limit.
  [[nodiscard]] std::uint32_t max_in_flight() const;
  // Verifies and handles a request. Returns nullopt if the sink sends no reply within 2.5 s.
  std::optional<InboundReply> inbound(const InboundRequest& request);
  ReconcileResult reconcile(const nlohmann::json& document);
  std::expected<nlohmann::json, std::string> render(const nlohmann::json& document);
  // Call after configure(), instead of start(). Returns the findings, with an additional error if the check was not finished. Another call
  // checks with a new sink of the same configuration.
  Findings check_online();

  // ---- Time and events
  // Raises every event that is due. Time stands still.
  void run();
  void advance(Millis by);
  // For sinks with threads of their own: runs events as they arrive until the condition holds, or `real_time` has passed. The clocks of the
  // host stand still. Returns whether the condition holds.
  bool run_until(const std::function<bool()>& condition, Millis real_time = std::chrono::seconds(10));
  // Raises an event that belongs to no request. Within the contract, its kind is one that plugin.h does not have; a sink ignores it.
  void stray_event(belfry_ticket ticket, std::uint32_t kind, std::uint64_t user_data = 0);
  [[nodiscard]] Timestamp now() const;
  [[nodiscard]] MonotonicTime monotonic() const;
  // Steps the wall clock, as time synchronization does. The monotonic clock and all timers are unaffected.
  void step_wall_clock(Millis by);

  // ---- HTTP: a request is answered by the first unused expect() that matches, otherwise by the newest on() that matches. A request that
  // matches neither is a violation and fails to connect.
  void on(std::string method, std::string url_part, Responder responder);
  void on(std::string method, std::string url_part, Response response) {
    on(std::move(method), std::move(url_part), [response = std::move(response)](const Request&) { return response; });
  }
  void expect(std::string method, std::string url_part, Response response);
  // Answers the request that will be requests()[number] with `response`, regardless of the rules.
  void override_response(std::size_t number, Response response);
  // With `hold`, requests stay open. Without it, held requests are answered by the rules, newest first.
  void hold_responses(bool hold);
  [[nodiscard]] std::size_t unmet_expectations() const;
  // All requests so far, in order, without those that are malformed.
  [[nodiscard]] const std::vector<Request>& requests() const;
  // Held requests, which wait for respond().
  [[nodiscard]] std::vector<Request> open_requests() const;
  void respond(belfry_ticket request, const Response& response);

  // ---- WebSocket: a connection is answered by the newest rule that matches. A connection that matches none is a violation and fails to
  // connect.
  void on_websocket(std::string url_part, HandshakeRule rule);
  void on_websocket(std::string url_part, Handshake handshake) {
    on_websocket(std::move(url_part), [handshake](const FakeWebSocket&) { return handshake; });
  }
  // All connections that the sink has requested, in order; websocket() is the newest.
  [[nodiscard]] std::deque<FakeWebSocket>& websockets();
  [[nodiscard]] FakeWebSocket& websocket();

  // ---- The other services
  // Entries of the sink's own scope, and of the scope of its current account. A rotated account has a different scope.
  using KvKey = std::pair<Scope, std::string>;
  [[nodiscard]] std::map<KvKey, std::string> kv() const;
  void put_kv(std::string key, std::string value, Scope scope = Scope::sink);
  void fail_kv(bool failing);

  // Time zones that the sink has reported, by e-mail address as the sink wrote it.
  [[nodiscard]] const std::map<std::string, std::string>& time_zones() const;

  // With `refusing`, HTTP requests, WebSockets and timers get no ticket, as if too many were open.
  void refuse_requests(bool refusing);

  // With `hold`, acquire waits for grant(). Otherwise every acquire is granted at once; tokens taken and pauses only show in the wait time
  // that the sink queries.
  void hold_grants(bool hold);
  bool grant();
  // Simulates another sink whose remote limited the same account.
  void limit(const BucketKey& bucket, Millis after);
  struct BucketCall {
    BucketKey bucket;
    Millis after{0};                      // report_limited only
    std::uint32_t events = 0, burst = 0;  // define only
    Millis period{0};
  };
  [[nodiscard]] const std::vector<BucketCall>& defined() const;
  [[nodiscard]] const std::vector<BucketCall>& acquired() const;
  [[nodiscard]] const std::vector<BucketCall>& reported_limits() const;

  // With `hold`, offloaded functions wait for release_offload().
  void hold_offload(bool hold);
  bool release_offload();

  // Changes the value of a secret, as rotation does.
  void rotate_secret(const std::string& old_value, std::string new_value);
  // Secrets that the sink has registered.
  [[nodiscard]] const std::set<std::string>& added_secrets() const;

  struct LogLine {
    std::uint32_t level = 0;
    std::string text;
  };
  [[nodiscard]] const std::vector<LogLine>& log() const;
  [[nodiscard]] bool logged(std::string_view part) const;
  [[nodiscard]] double counter(const std::string& name) const;
  [[nodiscard]] std::optional<double> gauge(const std::string& name) const;

  // ---- The contract
  // The sink's violations, as "kind: sentence".
  [[nodiscard]] const std::vector<std::string>& violations() const;
  // Also reports calls that take longer than the contract allows, in real time: [strand] 10 ms, [control] 10 s, each times `factor`. Off by
  // default, because a loaded machine would make every test unreliable.
  void watch_call_times(bool watch, double factor = 1);

 private:
  std::unique_ptr<FakeState> state_;
};

}  // namespace belfry::testkit
