// A gateway for one sink, in one thread, with a clock that stands still until it is moved. Nothing happens by itself: run() brings back
// what the sink asked for, advance() moves time.
//
// It watches the contract: everything the sink does wrong is a line in violations(). Secrets that were revealed must not show in logs,
// outcomes, receipts or metrics; that is a violation too.
//
//     FakeHost host(belfry_plugin_entry_v0());
//     ASSERT_TRUE(host.configure({{"url", "https://example.com/hook"}, {"token", "hunter2"}}));
//     ASSERT_TRUE(host.start());
//     host.on("POST", "example.com/hook", Answer::of(204));
//     EXPECT_EQ(host.deliver_and_settle(notification()).code, Outcome::Code::delivered);
//     EXPECT_THAT(host.violations(), IsEmpty());
//
// Thread rule: one thread. Offloaded functions run on a thread of their own, one at a time, while this one waits.
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
#include "belfry/testkit/answer.hpp"
#include "belfry/testkit/messages.hpp"
#include "belfry/testkit/websocket.hpp"

namespace belfry::testkit {

// Opens a shared library and returns what its entry returns; throws std::runtime_error. Never closed.
[[nodiscard]] const belfry_plugin_entry* load_plugin(const std::filesystem::path& file);

// What a descriptor's schema says about a configuration, as the gateway does it: validates, fills in defaults, takes secrets out.
struct CheckedConfig {
  nlohmann::json document;                     // with defaults, and references in place of secrets
  std::map<std::string, std::string> secrets;  // reference -> value
  std::string credential;                      // the reference of the first secret in the schema's order; empty when there is none
  Problems problems;
};
[[nodiscard]] CheckedConfig check_config(std::string_view schema_json, nlohmann::json config);

class FakeHost {
 public:
  explicit FakeHost(const belfry_plugin_entry* entry, std::uint32_t index = 0);
  FakeHost(const FakeHost&) = delete;
  FakeHost& operator=(const FakeHost&) = delete;
  ~FakeHost();

  // ---- Life. Secrets stand in `config` with their value.
  std::expected<void, Problems> configure(const nlohmann::json& config);
  std::expected<void, std::string> start();
  // Asks the sink to stop and runs, moving time by at most `most`; true when it has stopped. Again: waits on.
  bool stop(Millis most = std::chrono::seconds(30));
  // Ends the instance now; nothing may be called afterwards.
  void destroy();
  [[nodiscard]] const belfry_descriptor& descriptor() const { return *descriptor_; }
  // Before start: a host that does not have this service.
  void remove_service(std::string_view id) { removed_.emplace(id); }

  // ---- Messages
  struct Sending {
    std::uint32_t attempt = 1;
    Millis time = std::chrono::seconds(10);  // then it is abandoned
    nlohmann::json prior_receipt;
  };
  // Gives the message to the sink and returns its ticket.
  belfry_ticket deliver(const nlohmann::json& document, const Sending& sending);
  belfry_ticket deliver(const nlohmann::json& document) { return deliver(document, Sending{}); }
  // The outcome, once there is one. Abandoned deliveries end as retry/timeout, as in the gateway.
  [[nodiscard]] std::optional<Outcome> outcome(belfry_ticket ticket) const;
  // Runs and moves time until the ticket is settled.
  Outcome settle(belfry_ticket ticket);
  Outcome deliver_and_settle(const nlohmann::json& document) { return settle(deliver(document)); }
  // Outcomes that came after their delivery had been abandoned, by ticket.
  [[nodiscard]] const std::map<belfry_ticket, Outcome>& late() const { return late_; }
  // The delivery's time is over now.
  void abandon(belfry_ticket ticket);
  // For a ticket that the sink never got: it must be ignored.
  void abandon_unknown(belfry_ticket ticket);

  // ---- Extensions
  [[nodiscard]] bool has_extension(std::string_view id) const;
  [[nodiscard]] std::vector<Route> routes() const;
  // Verifies, handles and settles. None when the sink gave no reply within 2.5 s.
  std::optional<InboundReply> inbound(const InboundRequest& request);
  Outcome reconcile(const nlohmann::json& document);
  std::expected<nlohmann::json, std::string> render(const nlohmann::json& document);
  // After configure, instead of start. What it found; an error that names the outcome when the check did not end well.
  Findings check_online();

  // ---- Time and events
  // Brings back everything that is due; time stands still.
  void run();
  void advance(Millis by);
  // An event for a ticket that the sink never got: it must be ignored.
  void stray_event(belfry_ticket ticket, std::uint32_t kind);
  [[nodiscard]] Timestamp now() const { return now_; }

  // ---- HTTP: a request goes to the first unused expect() that matches, else to the newest on() that matches. A request that nothing
  // matches is a violation, and fails to connect.
  void on(std::string method, std::string url_part, Responder responder);
  void on(std::string method, std::string url_part, Answer answer) {
    on(std::move(method), std::move(url_part), [answer = std::move(answer)](const Request&) { return answer; });
  }
  void expect(std::string method, std::string url_part, Answer answer);
  // The request that will be requests()[number] gets `answer`, whatever the rules say.
  void break_request(std::size_t number, Answer answer) { broken_[number] = std::move(answer); }
  // With hold, requests stay open; without, those held are answered by the rules, the newest first.
  void hold_answers(bool hold);
  [[nodiscard]] std::size_t unmet() const { return expected_.size(); }
  // All requests so far, in order.
  [[nodiscard]] const std::vector<Request>& requests() const { return requests_; }
  // Requests that wait for answer().
  [[nodiscard]] std::vector<Request> open_requests() const;
  void answer(belfry_ticket request, const Answer& answer);

  // ---- WebSocket: a connection is answered by the newest rule that matches. One that nothing matches is a violation, and fails to
  // connect.
  void on_websocket(std::string url_part, HandshakeRule rule);
  void on_websocket(std::string url_part, Handshake handshake) {
    on_websocket(std::move(url_part), [handshake](const FakeWebSocket&) { return handshake; });
  }
  // All that the sink has asked for, in order, and the newest of them.
  [[nodiscard]] std::deque<FakeWebSocket>& websockets() { return websockets_; }
  [[nodiscard]] FakeWebSocket& websocket();

  // ---- The other services
  // Of the sink, and of its credential as it is now: another one has a scope of its own.
  using KvKey = std::pair<KvScope, std::string>;
  [[nodiscard]] std::map<KvKey, std::string> kv() const;
  void put_kv(std::string key, std::string value, KvScope scope = KvScope::instance);
  void fail_kv(bool failing) { kv_fails_ = failing; }

  // What the sink has told about people, by address, as it wrote it.
  [[nodiscard]] const std::map<std::string, std::string>& time_zones() const { return time_zones_; }

  // No ticket is given to HTTP requests, WebSockets and timers, as when too many are open.
  void refuse_requests(bool refusing) { refuses_requests_ = refusing; }

  // With hold, acquire waits for grant(). Otherwise everything is granted at once, and what was taken or limited shows in what the sink
  // is told that an acquire would wait.
  void hold_grants(bool hold) { hold_grants_ = hold; }
  bool grant();
  // Another sink with the same credential was told to slow down.
  void limit(const Budget& budget, Millis after);
  struct BudgetCall {
    Budget budget;
    Millis after{0};                      // of limited
    std::uint32_t events = 0, burst = 0;  // of define
    Millis period{0};
  };
  [[nodiscard]] const std::vector<BudgetCall>& defined() const { return defined_; }
  [[nodiscard]] const std::vector<BudgetCall>& acquired() const { return acquired_; }
  [[nodiscard]] const std::vector<BudgetCall>& limited() const { return limited_; }

  // With hold, offloaded functions wait for release_offload().
  void hold_offload(bool hold) { hold_offload_ = hold; }
  bool release_offload();

  // Changes the value behind a secret, as rotation does.
  void rotate_secret(const std::string& old_value, std::string new_value);

  struct LogLine {
    std::uint32_t level = 0;
    std::string text;
  };
  [[nodiscard]] const std::vector<LogLine>& log() const { return log_; }
  [[nodiscard]] bool logged(std::string_view part) const;
  [[nodiscard]] double counter(const std::string& name) const;
  [[nodiscard]] std::optional<double> gauge(const std::string& name) const;

  // What the sink did against the contract, one sentence each.
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
    Millis time{0};           // of the attempt
    belfry_ticket limit = 0;  // of the timer that ends it
    bool postponed = false;   // its offloaded work has not begun
  };
  // Something that will be brought back to the instance.
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
    belfry_ticket on_behalf_of = 0;  // of run_for
  };
  // What was taken from a budget, and its pause, by the monotonic clock.
  struct Line {
    Millis each{0};
    std::uint32_t burst = 1;
    Millis used_until{0}, limited_until{0};
  };
  struct KvPlace {
    KvScope scope{};
    std::string credential;  // its value
    std::string key;
    auto operator<=>(const KvPlace&) const = default;
  };
  struct KvValue {
    std::string value;
    std::uint64_t version = 0;
  };

  template <class Call>
  auto call(Call function) const;
  void violate(std::string sentence);
  void check_public(std::string_view where, std::string_view text);
  void check_outcome(const Outcome& outcome, const belfry_outcome& raw);
  void used(std::string_view service);
  bool alive(belfry_ticket ticket) const;
  Line& line_of(const Budget& budget);
  [[nodiscard]] KvPlace kv_place(KvScope scope, std::string key) const;

  belfry_ticket next_ticket() { return ++last_ticket_; }
  belfry_ticket open_ticket(Ticket::Purpose purpose);
  belfry_ticket give(const nlohmann::json& document, const Sending& sending, Ticket::Purpose purpose);
  void end_at(belfry_ticket ticket, Timestamp deadline);
  // Brings `deliver` to the instance with the next run(), or by the clock.
  void bring(belfry_ticket ticket, belfry_ticket on_behalf_of, Millis after, std::function<void()> deliver);
  void event(belfry_ticket ticket, std::uint32_t kind, const void* payload);
  void on_complete(belfry_ticket ticket, const belfry_outcome* raw);
  belfry_ticket on_send(const belfry_http_request& raw);
  Answer answer_for(const Request& request);
  void schedule_answer(const Request& request, const Answer& answer);
  belfry_ticket on_connect(const belfry_websocket_request& raw);
  FakeWebSocket* find_websocket(belfry_ticket ticket);
  void raise_websocket(belfry_ticket ticket, std::uint32_t kind, const WebSocketEvent& said);
  // An action of the host's own, with the next run() or by the clock.
  void later(Millis after, std::function<void()> action);
  void run_offloaded(const Offloaded& offloaded);
  bool next_due(Timestamp until);

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
  std::map<belfry_ticket, Outcome> late_;
  std::deque<belfry_ticket> ready_;
  std::multimap<Timestamp, belfry_ticket> timers_;
  std::map<belfry_ticket, Pending> pending_;

  std::set<std::string, std::less<>> removed_;
  std::vector<Rule> rules_, expected_;
  std::map<std::size_t, Answer> broken_;
  bool hold_answers_ = false;
  std::vector<Request> requests_;
  std::map<belfry_ticket, Request> held_;
  std::vector<std::pair<std::string, HandshakeRule>> websocket_rules_;
  std::deque<FakeWebSocket> websockets_;
  std::map<KvPlace, KvValue> kv_;
  std::uint64_t kv_version_ = 0;
  bool kv_fails_ = false;
  bool refuses_requests_ = false;
  std::map<std::string, std::string> time_zones_;
  bool hold_grants_ = false;
  std::deque<belfry_ticket> waiting_grants_;
  std::vector<BudgetCall> defined_, acquired_, limited_;
  std::map<std::string, Line> lines_;
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
