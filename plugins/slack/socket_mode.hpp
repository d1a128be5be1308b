// Socket Mode: clicks come over WebSockets that the gateway opens, so that nothing has to reach it from the internet. Two lines
// (socket_line.hpp) of one app-level token; whatever comes is acknowledged. The gauge slack_socket_connections counts the connections
// that said hello, from the first one or the first trouble on.
//
// Owned by the sink, which outlives its tasks. Thread rule: the strand of the instance.
#pragma once
#include <array>
#include <belfry/sdk.hpp>
#include <map>
#include <optional>
#include <random>
#include <string>

#include "slack/socket_line.hpp"

namespace belfry::slack {

class SocketMode {
 public:
  // `api_url` ends with a slash.
  SocketMode(sdk::Services services, Secret app_token, std::string api_url);

  void start();
  // Says goodbye to Slack. Does not wait long for a Slack that does not answer.
  Task<> stop();

 private:
  struct Line {
    SocketLine machine;
    std::map<socket::Number, WebSocketConnection*> open{};
    std::optional<socket::Wait> sleepless{};  // the gateway gave no timer: asked for again with the next event of either line
  };

  void feed(Line& line, const socket::Event& event);
  void act(Line& line, const socket::AskUrl& action);
  void act(Line& line, const socket::Connect& action);
  void act(Line& line, const socket::Send& action);
  void act(Line& line, const socket::Close& action);
  void act(Line& line, const socket::Wait& action);
  void act(Line& line, const socket::Serving& action);
  void act(Line& line, const socket::Say& action);

  Task<> ask_url(Line& line);
  Task<> hold(Line& line, socket::Connect what);
  Task<> sleep(Line& line, socket::Wait what);
  Task<> lose_patience();
  void count();
  [[nodiscard]] std::size_t serving() const;
  [[nodiscard]] bool all_closed() const;

  sdk::Services services_;
  Secret app_token_;
  std::string api_url_;
  std::array<Line, 2> lines_{Line{SocketLine(false)}, Line{SocketLine(true)}};
  std::minstd_rand random_{std::random_device{}()};
  std::string said_;  // last: the same is not said twice in a row
  bool stopping_ = false;
  sdk::Signal closed_;
};

}  // namespace belfry::slack
