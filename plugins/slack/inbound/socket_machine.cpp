#include "slack/inbound/socket_machine.hpp"

#include <algorithm>
#include <utility>

#include "slack/inbound/envelope.hpp"
#include "slack/text/text.hpp"

namespace belfry::slack {
namespace {

using socket::FailureKind;
using socket::Number;

constexpr std::size_t kMaxRetiring = 2;

const std::string kSwitchedOff =
    "it is switched off in Slack: switch it on under Socket Mode of the app at https://api.slack.com/apps, or remove app_token from the "
    "configuration";
const std::string kTooMany =
    "the app has reached Slack's limit of 10 Socket Mode connections: does another program use the same app-level token?";

// A random wait between half of `time` and all of it, so that many gateways do not reconnect at once.
Millis jittered(Millis time, double random) { return std::chrono::duration_cast<Millis>(time / 2 + random * (time / 2)); }

}  // namespace

std::vector<socket::Action> SocketMachine::resume(const socket::Event& event, double random) {
  actions_.clear();
  const auto before = serving();
  if (state_ != State::stopped || std::holds_alternative<socket::Opened>(event)) {
    std::visit([&](const auto& each) { on(each, random); }, event);
  }
  if (serving() != before) actions_.emplace_back(socket::ServingChanged{});
  return std::exchange(actions_, {});
}

void SocketMachine::on(const socket::Begin&, double) {
  if (state_ == State::idle) fetch_url();
}

void SocketMachine::on(const socket::Url& event, double) {
  if (state_ != State::fetching) return;
  state_ = State::connecting;
  actions_.emplace_back(socket::Connect{++connection_, event.url});
}

void SocketMachine::on(const socket::UrlFailed& event, double random) {
  if (state_ == State::fetching) fail(event.kind, event.why, random);
}

void SocketMachine::on(const socket::Opened& event, double) {
  if (state_ == State::connecting && event.connection == connection_) {
    state_ = State::greeting;
    wait(kHelloTimeout);
  } else {
    actions_.emplace_back(socket::Close{event.connection});
  }
}

void SocketMachine::on(const socket::Text& event, double random) {
  const bool retired = std::ranges::find(retiring_, event.connection) != retiring_.end();
  if (!retired && !current(event.connection)) return;
  SocketMessage message = parse_socket_message(event.text);
  switch (message.kind) {
    case SocketMessage::Kind::nothing: break;
    case SocketMessage::Kind::hello:
      if (state_ == State::greeting && !retired) on_hello();
      break;
    case SocketMessage::Kind::disconnect:
      if (!retired) on_disconnect(event.connection, message.reason, random);
      break;
    case SocketMessage::Kind::envelope:
      if (!message.acknowledgement.empty()) actions_.emplace_back(socket::Send{event.connection, std::move(message.acknowledgement)});
      break;
  }
}

void SocketMachine::on(const socket::Closed& event, double random) {
  if (std::erase(retiring_, event.connection) > 0) {
    // Retry soon: a slot has become free, unless this is the connection that never had one.
    const bool awaited = state_ == State::waiting && over_limit_ != 0 && over_limit_ != event.connection;
    if (awaited) wait(jittered(kMinBackoff, random));
    return;
  }
  const bool counts = event.connection == connection_ && (state_ == State::connecting || current(connection_));
  if (counts) fail(FailureKind::transient, event.why, random);
}

void SocketMachine::on(const socket::Due& event, double random) {
  if (event.wait != wait_) return;
  switch (state_) {
    case State::waiting: fetch_url(); break;
    case State::greeting:
      actions_.emplace_back(socket::Close{connection_});
      fail(FailureKind::transient, "Slack did not send hello", random);
      break;
    case State::serving:
      settled_ = true;
      failures_ = 0;
      for (const Number old : std::exchange(retiring_, {})) actions_.emplace_back(socket::Close{old});
      break;
    default: break;
  }
}

void SocketMachine::on(const socket::Stop&, double) {
  if (current(connection_)) retiring_.push_back(connection_);
  state_ = State::stopped;
  for (const Number each : std::exchange(retiring_, {})) actions_.emplace_back(socket::Close{each});
}

void SocketMachine::on_hello() {
  state_ = State::serving;
  settled_ = false;
  wait(kSettleTime);
}

void SocketMachine::on_disconnect(Number connection, const std::string& reason, double random) {
  const FailureKind kind = reason == "too_many_websockets" ? FailureKind::too_many
                           : reason == "link_disabled"     ? FailureKind::fatal
                                                           : FailureKind::transient;
  std::string why = kind == FailureKind::fatal ? kSwitchedOff : "Slack closed a new connection: " + shorten(clean_line(reason, 200), 60);
  if (state_ == State::greeting) {
    actions_.emplace_back(socket::Close{connection});
    fail(kind, std::move(why), random);
    return;
  }
  retire();
  if (kind == FailureKind::transient && settled_) {
    fetch_url();
  } else {
    fail(kind, std::move(why), random);
  }
}

// The connection keeps serving, but is no longer the current one.
void SocketMachine::retire() {
  retiring_.push_back(connection_);
  if (retiring_.size() <= kMaxRetiring) return;
  actions_.emplace_back(socket::Close{retiring_.front()});
  retiring_.erase(retiring_.begin());
}

void SocketMachine::fetch_url() {
  state_ = State::fetching;
  actions_.emplace_back(socket::FetchUrl{});
}

void SocketMachine::wait(Millis time) { actions_.emplace_back(socket::Wait{++wait_, time}); }

void SocketMachine::fail(FailureKind kind, std::string why, double random) {
  state_ = State::waiting;
  over_limit_ = kind == FailureKind::too_many ? connection_ : 0;
  const auto doubled = [&](Millis first, Millis longest) {
    constexpr std::uint32_t kMaxDoublings = 10;
    return std::min(first * (1U << std::min(failures_, kMaxDoublings)), longest);
  };
  switch (kind) {
    case FailureKind::transient:
      actions_.emplace_back(socket::Report{false, std::move(why)});
      wait(jittered(doubled(kMinBackoff, kMaxBackoff), random));
      break;
    case FailureKind::limited:
      actions_.emplace_back(socket::Report{false, std::move(why)});
      wait(kMinBackoff + jittered(kMinBackoff, random));
      break;
    case FailureKind::too_many:
      actions_.emplace_back(socket::Report{!spare_, kTooMany});
      wait(jittered(spare_ ? kSpareTooManyWait : doubled(kTooManyWait, kFatalWait), random));
      break;
    case FailureKind::fatal:
      actions_.emplace_back(socket::Report{true, std::move(why)});
      wait(jittered(kFatalWait, random));
      break;
  }
  ++failures_;
}

bool SocketMachine::current(Number connection) const {
  return connection == connection_ && (state_ == State::greeting || state_ == State::serving);
}

}  // namespace belfry::slack
