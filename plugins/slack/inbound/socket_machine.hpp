// State machine of one Socket Mode session: keeps one WebSocket to Slack in use indefinitely. Without clock, threads or I/O; the driver
// (socket_mode.hpp) performs the actions in order and feeds back the events.
//
//   Begin ............... FetchUrl (apps.connections.open)
//   Url ................. Connect
//   Opened .............. Wait for hello
//   hello ............... serving: envelopes are acknowledged
//   disconnect .......... FetchUrl at once; the old connection keeps serving until Slack closes it or the new one has settled
//   any failure ......... Wait, longer each time, then FetchUrl
//
// A connection has settled once it has served for kSettleTime; the next failure then starts with the shortest wait again. Errors that only
// a person can fix are reported with what to do, and retried slowly. If the app already has its ten connections, a spare session backs off.
// Not thread-safe.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace belfry::slack {

using Millis = std::chrono::milliseconds;

namespace socket {

using Number = std::uint32_t;  // identifies a connection or a wait; never reused

enum class FailureKind {
  transient,
  limited,   // Slack specifies how long to wait, which is left to the driver
  too_many,  // the app has reached its limit of connections
  fatal,     // only a person can fix it
};

// ---- Events
struct Begin {};
struct Url {
  std::string url;
};
struct UrlFailed {
  FailureKind kind = FailureKind::transient;
  std::string why;
  Millis after{0};  // the wait that Slack requests; the driver waits for it before it fetches another URL
};
struct Opened {
  Number connection = 0;
};
struct Text {
  Number connection = 0;
  std::string text;
};
// The connection was closed, or could not be opened.
struct Closed {
  Number connection = 0;
  std::string why;
};
struct Due {
  Number wait = 0;
};
struct Stop {};
using Event = std::variant<Begin, Url, UrlFailed, Opened, Text, Closed, Due, Stop>;

// ---- Actions
struct FetchUrl {
  bool operator==(const FetchUrl&) const = default;
};
struct Connect {
  Number connection = 0;
  std::string url;
  bool operator==(const Connect&) const = default;
};
struct Send {
  Number connection = 0;
  std::string text;
  bool operator==(const Send&) const = default;
};
struct Close {
  Number connection = 0;
  bool operator==(const Close&) const = default;
};
// The driver responds with Due after `time`. Due is ignored if a later Wait has replaced this one.
struct Wait {
  Number wait = 0;
  Millis time{0};
  bool operator==(const Wait&) const = default;
};
// The value of serving() has changed.
struct ServingChanged {
  bool operator==(const ServingChanged&) const = default;
};
// A message for operators. `error`: only a person can fix the cause.
struct Report {
  bool error = false;
  std::string text;
  bool operator==(const Report&) const = default;
};
using Action = std::variant<FetchUrl, Connect, Send, Close, Wait, ServingChanged, Report>;

}  // namespace socket

class SocketMachine {
 public:
  static constexpr Millis kHelloTimeout = std::chrono::seconds(10);
  static constexpr Millis kSettleTime = std::chrono::seconds(30);
  static constexpr Millis kMinBackoff = std::chrono::seconds(1);  // doubled by each failure, up to kMaxBackoff
  static constexpr Millis kMaxBackoff = std::chrono::minutes(1);
  static constexpr Millis kFatalWait = std::chrono::minutes(5);
  static constexpr Millis kTooManyWait = std::chrono::seconds(30);
  static constexpr Millis kSpareTooManyWait = std::chrono::minutes(10);

  // `spare`: another session serves as well.
  explicit SocketMachine(bool spare) : spare_(spare) {}

  // Returns the actions to perform. `random`, in [0, 1), adds jitter to the waits. Outdated events have no effect.
  [[nodiscard]] std::vector<socket::Action> resume(const socket::Event& event, double random);

  // The number of connections that received hello and are not closed: one, none, or more during a refresh.
  [[nodiscard]] std::size_t serving() const { return retiring_.size() + (state_ == State::serving ? 1 : 0); }

 private:
  enum class State { idle, fetching, connecting, greeting, serving, waiting, stopped };
  using Actions = std::vector<socket::Action>;

  void on(const socket::Begin&, double random);
  void on(const socket::Url& event, double random);
  void on(const socket::UrlFailed& event, double random);
  void on(const socket::Opened& event, double random);
  void on(const socket::Text& event, double random);
  void on(const socket::Closed& event, double random);
  void on(const socket::Due& event, double random);
  void on(const socket::Stop&, double random);

  void on_hello();
  void on_disconnect(socket::Number connection, const std::string& reason, double random);
  void fetch_url();
  void wait(Millis time);
  void fail(socket::FailureKind kind, std::string why, double random);
  void retire();
  [[nodiscard]] bool current(socket::Number connection) const;

  bool spare_;
  State state_ = State::idle;
  Actions actions_;
  socket::Number connection_ = 0;  // the newest
  socket::Number wait_ = 0;
  std::vector<socket::Number> retiring_;  // older ones that still serve, the oldest first
  std::uint32_t failures_ = 0;            // since a connection settled
  bool settled_ = false;                  // the serving connection has settled
  socket::Number over_limit_ = 0;         // the connection refused for lack of a free slot; 0: none
};

}  // namespace belfry::slack
