#include "slack/socket_line.hpp"

#include <algorithm>
#include <utility>

#include "slack/envelope.hpp"
#include "slack/text.hpp"

namespace belfry::slack {
namespace {

using socket::Number;
using socket::Trouble;

constexpr std::size_t kMostRetiring = 2;

const std::string kSwitchedOff =
    "it is switched off in Slack: switch it on under Socket Mode of the app at https://api.slack.com/apps, or take app_token out of the "
    "configuration";
const std::string kTooMany =
    "Slack has as many Socket Mode connections of this app as it allows (10): does another program use the same app-level token?";

// Between half of the time and all of it, so that many gateways do not come back at once.
Millis spread(Millis time, double random) { return std::chrono::duration_cast<Millis>(time / 2 + random * (time / 2)); }

}  // namespace

std::vector<socket::Action> SocketLine::resume(const socket::Event& event, double random) {
  actions_.clear();
  const auto before = serving();
  if (state_ != State::stopped || std::holds_alternative<socket::Opened>(event)) {
    std::visit([&](const auto& each) { on(each, random); }, event);
  }
  if (serving() != before) actions_.emplace_back(socket::Serving{});
  return std::exchange(actions_, {});
}

void SocketLine::on(const socket::Begin&, double) {
  if (state_ == State::idle) ask();
}

void SocketLine::on(const socket::Url& event, double) {
  if (state_ != State::asking) return;
  state_ = State::connecting;
  actions_.emplace_back(socket::Connect{++connection_, event.url});
}

void SocketLine::on(const socket::NoUrl& event, double random) {
  if (state_ == State::asking) fail(event.trouble, event.why, event.after, random);
}

void SocketLine::on(const socket::Opened& event, double) {
  if (state_ == State::connecting && event.connection == connection_) {
    state_ = State::greeting;
    wait(kHelloTime);
  } else {
    actions_.emplace_back(socket::Close{event.connection});
  }
}

void SocketLine::on(const socket::Text& event, double random) {
  const bool retired = std::ranges::find(retiring_, event.connection) != retiring_.end();
  if (!retired && !current(event.connection)) return;
  Said said = read_said(event.text);
  switch (said.kind) {
    case Said::Kind::nothing: break;
    case Said::Kind::hello:
      if (state_ == State::greeting && !retired) said_hello();
      break;
    case Said::Kind::disconnect:
      if (!retired) said_disconnect(event.connection, said.reason, random);
      break;
    case Said::Kind::envelope:
      if (!said.acknowledgement.empty()) actions_.emplace_back(socket::Send{event.connection, std::move(said.acknowledgement)});
      break;
  }
}

void SocketLine::on(const socket::Closed& event, double random) {
  if (std::erase(retiring_, event.connection) > 0) {
    // Its place among the ten is free now; not that of one for which there was none.
    const bool awaited = state_ == State::waiting && crowded_out_ != 0 && crowded_out_ != event.connection;
    if (awaited) wait(spread(kFirstWait, random));
    return;
  }
  const bool counts = event.connection == connection_ && (state_ == State::connecting || current(connection_));
  if (counts) fail(Trouble::transient, event.why, Millis(0), random);
}

void SocketLine::on(const socket::Due& event, double random) {
  if (event.wait != wait_) return;
  switch (state_) {
    case State::waiting: ask(); break;
    case State::greeting:
      actions_.emplace_back(socket::Close{connection_});
      fail(Trouble::transient, "Slack did not say hello", Millis(0), random);
      break;
    case State::serving:
      settled_ = true;
      failures_ = 0;
      for (const Number old : std::exchange(retiring_, {})) actions_.emplace_back(socket::Close{old});
      break;
    default: break;
  }
}

void SocketLine::on(const socket::Stop&, double) {
  if (current(connection_)) retiring_.push_back(connection_);
  state_ = State::stopped;
  for (const Number each : std::exchange(retiring_, {})) actions_.emplace_back(socket::Close{each});
}

void SocketLine::said_hello() {
  state_ = State::serving;
  settled_ = false;
  wait(kSettled);
}

void SocketLine::said_disconnect(Number connection, const std::string& reason, double random) {
  const Trouble trouble = reason == "too_many_websockets" ? Trouble::too_many
                          : reason == "link_disabled"     ? Trouble::fatal
                                                          : Trouble::transient;
  std::string why = trouble == Trouble::fatal ? kSwitchedOff : "Slack gave up a fresh connection: " + shorten(clean_line(reason, 200), 60);
  if (state_ == State::greeting) {
    actions_.emplace_back(socket::Close{connection});
    fail(trouble, std::move(why), Millis(0), random);
    return;
  }
  retire();
  if (trouble == Trouble::transient && settled_) {
    ask();
  } else {
    fail(trouble, std::move(why), Millis(0), random);
  }
}

// It serves on, but is not the one that counts.
void SocketLine::retire() {
  retiring_.push_back(connection_);
  if (retiring_.size() <= kMostRetiring) return;
  actions_.emplace_back(socket::Close{retiring_.front()});
  retiring_.erase(retiring_.begin());
}

void SocketLine::ask() {
  state_ = State::asking;
  actions_.emplace_back(socket::AskUrl{});
}

void SocketLine::wait(Millis time) { actions_.emplace_back(socket::Wait{++wait_, time}); }

void SocketLine::fail(Trouble trouble, std::string why, Millis after, double random) {
  state_ = State::waiting;
  crowded_out_ = trouble == Trouble::too_many ? connection_ : 0;
  const auto doubled = [&](Millis first, Millis longest) {
    constexpr std::uint32_t kMostDoublings = 10;
    return std::min(first * (1U << std::min(failures_, kMostDoublings)), longest);
  };
  switch (trouble) {
    case Trouble::transient:
      actions_.emplace_back(socket::Say{false, std::move(why)});
      wait(std::max(after, spread(doubled(kFirstWait, kLongestWait), random)));
      break;
    case Trouble::limited:
      actions_.emplace_back(socket::Say{false, std::move(why)});
      wait(std::max(after, kFirstWait) + spread(kFirstWait, random));
      break;
    case Trouble::too_many:
      actions_.emplace_back(socket::Say{!spare_, kTooMany});
      wait(spread(spare_ ? kSpareTooManyWait : doubled(kTooManyWait, kFatalWait), random));
      break;
    case Trouble::fatal:
      actions_.emplace_back(socket::Say{true, std::move(why)});
      wait(spread(kFatalWait, random));
      break;
  }
  ++failures_;
}

bool SocketLine::current(Number connection) const {
  return connection == connection_ && (state_ == State::greeting || state_ == State::serving);
}

}  // namespace belfry::slack
