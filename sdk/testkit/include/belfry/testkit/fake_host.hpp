// A gateway for one sink, in one thread, with a clock that stands still until it is advanced. Nothing happens by itself: run() raises the
// events that are due, advance() moves time.
//
// It checks the contract: each violation by the sink is a line in violations(). A revealed secret that appears in a log line, an outcome, a
// receipt or a metric is a violation too.
//
//     FakeHost host(belfry_plugin_entry_v0());
//     ASSERT_TRUE(host.configure({{"url", "https://example.com/hook"}, {"token", "hunter2"}}));
//     ASSERT_TRUE(host.start());
//     host.on("POST", "example.com/hook", Response::of(204));
//     EXPECT_EQ(host.deliver_and_settle(notification()).code, Outcome::Code::delivered);
//     EXPECT_THAT(host.violations(), IsEmpty());
//
// Thread rule: one thread. Offloaded functions run on a thread of their own, one at a time, while that thread waits.
#pragma once
#include <deque>
#include <expected>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "belfry/sdk.hpp"
#include "belfry/testkit/messages.hpp"
#include "belfry/testkit/response.hpp"
#include "belfry/testkit/websocket.hpp"

namespace belfry::testkit {

// Opens a shared library and returns the result of its entry function. Throws std::runtime_error on failure. The library is never closed.
[[nodiscard]] const belfry_plugin_entry* load_plugin(const std::filesystem::path& file);

// A configuration to which a descriptor's schema has been applied, as the gateway does: validated, with defaults filled in and secrets
// replaced by references.
struct CheckedConfig {
  nlohmann::json document;                     // with defaults, and references in place of secrets
  std::map<std::string, std::string> secrets;  // reference -> value
  std::string credential;                      // reference of the first secret in the schema's order; empty: none
  Problems problems;
};
[[nodiscard]] CheckedConfig check_config(std::string_view schema_json, nlohmann::json config);

class FakeHost {
 public:
  explicit FakeHost(const belfry_plugin_entry* entry, std::uint32_t index = 0);
  FakeHost(const FakeHost&) = delete;
  FakeHost& operator=(const FakeHost&) = delete;
  ~FakeHost();

  // ---- Life cycle. `config` contains secrets as plain values.
  std::expected<void, Problems> configure(const nlohmann::json& config);
  std::expected<void, std::string> start();
  // Stops the sink, running events and moving time by at most `timeout`. Returns true once it has stopped; call again to wait longer.
  bool stop(Millis timeout = std::chrono::seconds(30));
  // Destroys the instance now. The sink cannot be used afterwards.
  void destroy();
  [[nodiscard]] const belfry_descriptor& descriptor() const { return *descriptor_; }
  // Removes a service from the host. Call before start().
  void remove_service(std::string_view id) { removed_.emplace(id); }

  // ---- Messages
  struct DeliveryOptions {
    std::uint32_t attempt = 1;
    Millis time = std::chrono::seconds(10);  // until the delivery is abandoned
    nlohmann::json prior_receipt;
  };
  // Passes the message to the sink and returns its ticket.
  belfry_ticket deliver(const nlohmann::json& document, const DeliveryOptions& options);
  belfry_ticket deliver(const nlohmann::json& document) { return deliver(document, DeliveryOptions{}); }
  // The outcome, if there is one yet. Abandoned deliveries end as retry/timeout, as in the gateway.
  [[nodiscard]] std::optional<Outcome> outcome(belfry_ticket ticket) const;
  // Runs events and moves time until the ticket is settled.
  Outcome settle(belfry_ticket ticket);
  Outcome deliver_and_settle(const nlohmann::json& document) { return settle(deliver(document)); }
  // Outcomes reported after their delivery had been abandoned, by ticket.
  [[nodiscard]] const std::map<belfry_ticket, Outcome>& late_outcomes() const { return late_outcomes_; }
  // Abandons the delivery now, as if its deadline had passed.
  void abandon(belfry_ticket ticket);
  // Abandons a ticket that the sink never received, which it must ignore.
  void abandon_unknown(belfry_ticket ticket);

  // ---- Extensions
  [[nodiscard]] bool has_extension(std::string_view id) const;
  [[nodiscard]] std::vector<InboundRoute> routes() const;
  // Verifies and handles a request. Returns nullopt if the sink sends no reply within 2.5 s.
  std::optional<InboundReply> inbound(const InboundRequest& request);
  Outcome reconcile(const nlohmann::json& document);
  std::expected<nlohmann::json, std::string> render(const nlohmann::json& document);
  // Call after configure(), instead of start(). Returns the findings, with an additional error if the check itself failed.
  Findings check_online();

  // ---- Time and events
  // Raises every event that is due. Time stands still.
  void run();
  void advance(Millis by);
  // Raises an event for a ticket that the sink never received, which it must ignore.
  void stray_event(belfry_ticket ticket, std::uint32_t kind);
  [[nodiscard]] Timestamp now() const { return now_; }

  // ---- HTTP: a request is answered by the first unused expect() that matches, otherwise by the newest on() that matches. A request that
  // matches neither is a violation and fails to connect.
  void on(std::string method, std::string url_part, Responder responder);
  void on(std::string method, std::string url_part, Response response) {
    on(std::move(method), std::move(url_part), [response = std::move(response)](const Request&) { return response; });
  }
  void expect(std::string method, std::string url_part, Response response);
  // Answers the request that will be requests()[number] with `response`, regardless of the rules.
  void override_response(std::size_t number, Response response) { overrides_[number] = std::move(response); }
  // With `hold`, requests stay open. Without it, held requests are answered by the rules, newest first.
  void hold_responses(bool hold);
  [[nodiscard]] std::size_t unmet_expectations() const { return expected_.size(); }
  // All requests so far, in order.
  [[nodiscard]] const std::vector<Request>& requests() const { return requests_; }
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
  [[nodiscard]] std::deque<FakeWebSocket>& websockets() { return websockets_; }
  [[nodiscard]] FakeWebSocket& websocket();

  // ---- The other services
  // Entries of the sink's own scope, and of the scope of its current credential. A rotated credential has a different scope.
  using KvKey = std::pair<KvScope, std::string>;
  [[nodiscard]] std::map<KvKey, std::string> kv() const;
  void put_kv(std::string key, std::string value, KvScope scope = KvScope::instance);
  void fail_kv(bool failing) { kv_fails_ = failing; }

  // Time zones that the sink has reported, by e-mail address as the sink wrote it.
  [[nodiscard]] const std::map<std::string, std::string>& time_zones() const { return time_zones_; }

  // With `refusing`, HTTP requests, WebSockets and timers get no ticket, as if too many were open.
  void refuse_requests(bool refusing) { refuses_requests_ = refusing; }

  // With `hold`, acquire waits for grant(). Otherwise every acquire is granted at once; tokens taken and pauses only show in the wait time
  // that the sink queries.
  void hold_grants(bool hold) { hold_grants_ = hold; }
  bool grant();
  // Simulates another sink whose remote limited the same credential.
  void limit(const Budget& budget, Millis after);
  struct BudgetCall {
    Budget budget;
    Millis after{0};                      // limited only
    std::uint32_t events = 0, burst = 0;  // define only
    Millis period{0};
  };
  [[nodiscard]] const std::vector<BudgetCall>& defined() const { return defined_; }
  [[nodiscard]] const std::vector<BudgetCall>& acquired() const { return acquired_; }
  [[nodiscard]] const std::vector<BudgetCall>& limited() const { return limited_; }

  // With `hold`, offloaded functions wait for release_offload().
  void hold_offload(bool hold) { hold_offload_ = hold; }
  bool release_offload();

  // Changes the value of a secret, as rotation does.
  void rotate_secret(const std::string& old_value, std::string new_value);

  struct LogLine {
    std::uint32_t level = 0;
    std::string text;
  };
  [[nodiscard]] const std::vector<LogLine>& log() const { return log_; }
  [[nodiscard]] bool logged(std::string_view part) const;
  [[nodiscard]] double counter(const std::string& name) const;
  [[nodiscard]] std::optional<double> gauge(const std::string& name) const;

  // The sink's violations of the contract, one sentence each.
  [[nodiscard]] const std::vector<std::string>& violations() const { return violations_; }

 private:
  struct Tables;  // the C functions
  friend struct Tables;
  friend class FakeWebSocket;

  enum class State { created, configured, checking, started, stopping, destroyed };
  struct Ticket {
    enum class Purpose { deliver, reconcile, inbound, check, stop };
    Purpose purpose = Purpose::deliver;
    std::optional<Outcome> outcome;
    std::optional<InboundReply> reply;
    Findings findings;
    bool abandoned = false;
    Millis time{0};           // the attempt's time limit
    belfry_ticket limit = 0;  // ticket of the timer that abandons it
    bool postponed = false;   // its offloaded work has not started
  };
  // A scheduled event, or an action of the host.
  struct Pending {
    belfry_ticket on_behalf_of = 0;
    std::function<void()> deliver;
  };
  struct Rule {
    std::string method, url_part;
    Responder responder;
    [[nodiscard]] bool matches(const Request& request) const {
      return request.method == method && request.url.find(url_part) != std::string::npos;
    }
  };
  struct Offloaded {
    belfry_ticket ticket = 0;
    std::function<void()> function;
    belfry_ticket on_behalf_of = 0;  // run_for only
  };
  // A budget's limit, the tokens taken and its pause, in the time of the fake clock.
  struct Bucket {
    Millis each{0};
    std::uint32_t burst = 1;
    Millis used_until{0}, limited_until{0};
  };
  struct KvSlot {
    KvScope scope{};
    std::string credential;  // the secret's value, not its reference
    std::string key;
    auto operator<=>(const KvSlot&) const = default;
  };
  struct KvValue {
    std::string value;
    std::uint64_t version = 0;
  };

  template <class Call>
  auto call(Call function) const;
  void add_violation(std::string sentence);
  void check_no_secrets(std::string_view where, std::string_view text);
  void check_outcome(const Outcome& outcome, const belfry_outcome& raw);
  void check_state(std::string_view service);
  bool is_open(belfry_ticket ticket) const;
  Bucket& bucket_of(const Budget& budget);
  [[nodiscard]] KvSlot kv_slot(KvScope scope, std::string key) const;

  belfry_ticket next_ticket() { return ++last_ticket_; }
  belfry_ticket open_ticket(Ticket::Purpose purpose);
  belfry_ticket dispatch(const nlohmann::json& document, const DeliveryOptions& options, Ticket::Purpose purpose);
  void abandon_at(belfry_ticket ticket, Timestamp deadline);
  // Calls `deliver` with the next run(), or after `after` by the fake clock.
  void schedule(belfry_ticket ticket, belfry_ticket on_behalf_of, Millis after, std::function<void()> deliver);
  void event(belfry_ticket ticket, std::uint32_t kind, const void* payload);
  void on_complete(belfry_ticket ticket, const belfry_outcome* raw);
  belfry_ticket on_send(const belfry_http_request& raw);
  Response response_for(const Request& request);
  void schedule_response(const Request& request, const Response& response);
  belfry_ticket on_connect(const belfry_websocket_request& raw);
  FakeWebSocket* find_websocket(belfry_ticket ticket);
  void raise_websocket(belfry_ticket ticket, std::uint32_t kind, const WebSocketEvent& from);
  // Schedules an action of the host, which belongs to no ticket of the sink.
  void later(Millis after, std::function<void()> action);
  bool advance_to_next(Timestamp until);

  State state_ = State::created;
  const belfry_descriptor* descriptor_ = nullptr;
  belfry_host host_{};
  void* self_ = nullptr;
  belfry_instance instance_{};
  std::thread::id strand_ = std::this_thread::get_id();
  mutable bool in_call_ = false;

  Timestamp now_{std::chrono::sys_days(std::chrono::year(2026) / 1 / 1)};
  belfry_ticket last_ticket_ = 1000;
  belfry_ticket stop_ticket_ = 0;
  std::map<belfry_ticket, Ticket> tickets_;
  std::map<belfry_ticket, Outcome> late_outcomes_;
  std::deque<belfry_ticket> ready_;
  std::multimap<Timestamp, belfry_ticket> timers_;
  std::map<belfry_ticket, Pending> pending_;

  std::set<std::string, std::less<>> removed_;
  std::vector<Rule> rules_, expected_;
  std::map<std::size_t, Response> overrides_;
  bool hold_responses_ = false;
  std::vector<Request> requests_;
  std::map<belfry_ticket, Request> held_;
  std::vector<std::pair<std::string, HandshakeRule>> websocket_rules_;
  std::deque<FakeWebSocket> websockets_;
  std::map<KvSlot, KvValue> kv_;
  std::uint64_t kv_version_ = 0;
  bool kv_fails_ = false;
  bool refuses_requests_ = false;
  std::map<std::string, std::string> time_zones_;
  bool hold_grants_ = false;
  std::deque<belfry_ticket> waiting_grants_;
  std::vector<BudgetCall> defined_, acquired_, limited_;
  std::map<std::string, Bucket> buckets_;
  bool hold_offload_ = false;
  std::deque<Offloaded> offloaded_;
  std::map<std::string, std::string> secrets_;
  std::string credential_;
  std::set<std::string> revealed_;
  std::vector<LogLine> log_;
  std::map<std::string, double> counters_, gauges_;
  std::vector<std::string> violations_;
};

}  // namespace belfry::testkit
