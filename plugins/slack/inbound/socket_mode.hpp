// Receives clicks over WebSockets that the gateway opens (Socket Mode), so that it need not be reachable from the internet. Keeps two
// sessions (socket_machine.hpp) with one app-level token and acknowledges every envelope. The gauge slack_socket_connections counts the
// connections that received hello; it exists from the first connection or the first failure on.
//
// Thread rule: the instance's strand. Ownership: a member of the sink, which outlives its tasks.
#pragma once
#include <array>
#include <belfry/sdk.hpp>
#include <map>
#include <optional>
#include <random>
#include <string>

#include "slack/inbound/socket_machine.hpp"

namespace belfry::slack {

class SocketMode {
 public:
  // `api_url` ends with a slash.
  SocketMode(sdk::Services services, Secret app_token, std::string api_url);

  void start();
  // Closes the WebSockets. Waits at most a second for Slack to close its side.
  Task<> stop();

 private:
  struct Session {
    SocketMachine machine;
    std::map<socket::Number, WebSocketConnection*> open{};
    std::optional<socket::Wait> pending_wait{};  // the gateway refused a timer; requested again at the next event of either session
  };

  void feed(Session& session, const socket::Event& event);
  void act(Session& session, const socket::FetchUrl& action);
  void act(Session& session, const socket::Connect& action);
  void act(Session& session, const socket::Send& action);
  void act(Session& session, const socket::Close& action);
  void act(Session& session, const socket::Wait& action);
  void act(Session& session, const socket::ServingChanged& action);
  void act(Session& session, const socket::Report& action);

  Task<> fetch_url(Session& session);
  void pause(socket::UrlFailed& failed);
  Task<> run_connection(Session& session, socket::Connect action);
  Task<> sleep(Session& session, socket::Wait action);
  Task<> enforce_close_timeout();
  void update_gauge();
  [[nodiscard]] std::size_t serving() const;
  [[nodiscard]] bool all_closed() const;

  sdk::Services services_;
  Secret app_token_;
  std::string api_url_;
  std::array<Session, 2> sessions_{Session{SocketMachine(false)}, Session{SocketMachine(true)}};
  std::minstd_rand random_{std::random_device{}()};
  std::string last_report_;  // not logged twice in a row
  bool stopping_ = false;
  sdk::Signal closed_;
};

}  // namespace belfry::slack
