// One line of Socket Mode: keeps one WebSocket to Slack in use, for ever. A table of what to do next: no clock, no threads, no I/O. The
// driver (socket_mode.hpp) performs the actions in order and feeds back what happened.
//
//   Begin ............... AskUrl (apps.connections.open)
//   Url ................. Connect
//   Opened .............. Wait for hello
//   hello ............... serving: what comes is acknowledged
//   disconnect .......... AskUrl at once, while the old connection serves on: it is closed by Slack, or when the new one has settled
//   anything failed ..... Wait, longer each time, then AskUrl
//
// A connection that has served kSettled has settled: the next failure begins with the shortest wait again. Errors that only a person can
// mend are said, with what to do, and tried again slowly. When the app has its ten connections already, a spare line stands back.
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

using Number = std::uint32_t;  // of a connection, or of a wait; never used twice

enum class Trouble {
  transient,
  limited,   // Slack says how long to wait
  too_many,  // the app has as many connections as it may have
  fatal,     // only a person can mend it
};

// ---- Events
struct Begin {};
struct Url {
  std::string url;
};
struct NoUrl {
  Trouble trouble = Trouble::transient;
  std::string why;
  Millis after{0};  // not before that
};
struct Opened {
  Number connection = 0;
};
struct Text {
  Number connection = 0;
  std::string text;
};
// It is gone, or was never open.
struct Closed {
  Number connection = 0;
  std::string why;
};
struct Due {
  Number wait = 0;
};
struct Stop {};
using Event = std::variant<Begin, Url, NoUrl, Opened, Text, Closed, Due, Stop>;

// ---- Actions
struct AskUrl {
  bool operator==(const AskUrl&) const = default;
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
// Due follows, unless it has become pointless: then it is ignored.
struct Wait {
  Number wait = 0;
  Millis time{0};
  bool operator==(const Wait&) const = default;
};
// serving() has changed.
struct Serving {
  bool operator==(const Serving&) const = default;
};
// For people. `error`: it takes one of them to mend it.
struct Say {
  bool error = false;
  std::string text;
  bool operator==(const Say&) const = default;
};
using Action = std::variant<AskUrl, Connect, Send, Close, Wait, Serving, Say>;

}  // namespace socket

class SocketLine {
 public:
  static constexpr Millis kHelloTime = std::chrono::seconds(10);
  static constexpr Millis kSettled = std::chrono::seconds(30);
  static constexpr Millis kFirstWait = std::chrono::seconds(1);  // doubled by each failure, up to
  static constexpr Millis kLongestWait = std::chrono::minutes(1);
  static constexpr Millis kFatalWait = std::chrono::minutes(5);
  static constexpr Millis kTooManyWait = std::chrono::seconds(30);
  static constexpr Millis kSpareTooManyWait = std::chrono::minutes(10);

  // `spare`: another line serves as well.
  explicit SocketLine(bool spare) : spare_(spare) {}

  // `random` in [0, 1) spreads the waits. An event that fits no longer changes nothing.
  [[nodiscard]] std::vector<socket::Action> resume(const socket::Event& event, double random);

  // How many connections said hello and are not closed: one, none, or more during a refresh.
  [[nodiscard]] std::size_t serving() const { return retiring_.size() + (state_ == State::serving ? 1 : 0); }

 private:
  enum class State { idle, asking, connecting, greeting, serving, waiting, stopped };
  using Actions = std::vector<socket::Action>;

  void on(const socket::Begin&, double random);
  void on(const socket::Url& event, double random);
  void on(const socket::NoUrl& event, double random);
  void on(const socket::Opened& event, double random);
  void on(const socket::Text& event, double random);
  void on(const socket::Closed& event, double random);
  void on(const socket::Due& event, double random);
  void on(const socket::Stop&, double random);

  void said_hello();
  void said_disconnect(socket::Number connection, const std::string& reason, double random);
  void ask();
  void wait(Millis time);
  void fail(socket::Trouble trouble, std::string why, Millis after, double random);
  void retire();
  [[nodiscard]] bool current(socket::Number connection) const;

  bool spare_;
  State state_ = State::idle;
  Actions actions_;
  socket::Number connection_ = 0;  // the newest
  socket::Number wait_ = 0;
  std::vector<socket::Number> retiring_;  // older ones that serve on, the oldest first
  std::uint32_t failures_ = 0;            // since a connection settled
  bool settled_ = false;                  // the one that serves
  socket::Number crowded_out_ = 0;        // waits because there were too many for this one
};

}  // namespace belfry::slack
