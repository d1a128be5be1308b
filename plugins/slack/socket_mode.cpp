#include "slack/socket_mode.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "slack/socket_url.hpp"

namespace belfry::slack {
namespace {

using std::chrono::seconds;

constexpr Millis kGoodbye = seconds(1);
constexpr std::uint64_t kLargestEnvelope = 4 << 20;  // envelopes hold the whole message that was clicked on

// Slack pings too; its own client keeps to the same times.
WebSocketRequest request_for(std::string url) {
  WebSocketRequest request(std::move(url));
  request.ping_interval = seconds(5);
  request.pong_timeout = seconds(5);
  request.idle_timeout = seconds(30);
  request.max_message_bytes = kLargestEnvelope;
  return request;
}

std::string why(const WebSocketEvent& closed) {
  if (closed.http_status != 0) return "the WebSocket handshake was answered HTTP " + std::to_string(closed.http_status);
  if (!closed.error_text.empty()) return "the WebSocket to Slack failed: " + closed.error_text;
  return "Slack closed the WebSocket with code " + std::to_string(closed.close_code);
}

}  // namespace

SocketMode::SocketMode(sdk::Services services, Secret app_token, std::string api_url)
    : services_(services), app_token_(std::move(app_token)), api_url_(std::move(api_url)) {}

void SocketMode::start() { feed(lines_[0], socket::Begin{}); }

Task<> SocketMode::stop() {
  stopping_ = true;
  for (Line& line : lines_) feed(line, socket::Stop{});
  if (all_closed()) co_return;
  services_.spawn(lose_patience());
  co_await closed_.wait();
}

void SocketMode::feed(Line& line, const socket::Event& event) {
  for (Line& each : lines_) {
    if (const auto wait = std::exchange(each.sleepless, std::nullopt)) services_.spawn(sleep(each, *wait));
  }
  const double random = std::uniform_real_distribution<double>(0, 1)(random_);
  for (const socket::Action& action : line.machine.resume(event, random)) {
    std::visit([&](const auto& each) { act(line, each); }, action);
  }
}

void SocketMode::act(Line& line, const socket::AskUrl&) { services_.spawn(ask_url(line)); }

void SocketMode::act(Line& line, const socket::Connect& action) { services_.spawn(hold(line, action)); }

void SocketMode::act(Line& line, const socket::Send& action) {
  const auto found = line.open.find(action.connection);
  if (found == line.open.end() || !found->second->send(action.text)) services_.log().warn("Socket Mode: a click could not be acknowledged");
}

void SocketMode::act(Line& line, const socket::Close& action) {
  const auto found = line.open.find(action.connection);
  if (found != line.open.end()) found->second->close();
}

void SocketMode::act(Line& line, const socket::Wait& action) { services_.spawn(sleep(line, action)); }

void SocketMode::act(Line& line, const socket::Serving&) {
  count();
  if (line.machine.serving() == 0 || stopping_) return;
  if (!std::exchange(said_, {}).empty()) services_.log().info("Socket Mode: connected again");
  // The spare line begins when the first has shown that it works, and once.
  feed(lines_[1], socket::Begin{});
}

void SocketMode::act(Line&, const socket::Say& action) {
  count();
  if (action.text == said_) return;
  said_ = action.text;
  const std::string line = "Socket Mode: " + action.text;
  if (action.error) {
    services_.log().error(line);
  } else {
    services_.log().warn(line);
  }
}

Task<> SocketMode::ask_url(Line& line) {
  socket::Event answer = socket::NoUrl{};
  try {
    HttpRequest request = socket_url_request(api_url_, app_token_.reveal());
    const HttpResult result = co_await services_.http().send(std::move(request));
    answer = read_socket_url(result, api_url_.starts_with("https://"));
  } catch (const sdk::OutcomeError& error) {
    answer = socket::NoUrl{socket::Trouble::fatal, error.outcome().detail};
  }
  feed(line, answer);
}

Task<> SocketMode::hold(Line& line, socket::Connect what) {
  WebSocketRequest request = request_for(std::move(what.url));
  std::expected<WebSocketConnection, WebSocketEvent> connected = std::unexpected(WebSocketEvent{});
  try {
    connected = co_await services_.websocket().connect(std::move(request));
  } catch (const sdk::OutcomeError& error) {
    connected.error().error_text = error.outcome().detail;
  }
  if (!connected) {
    feed(line, socket::Closed{what.connection, why(connected.error())});
    co_return;
  }
  line.open.emplace(what.connection, &*connected);
  feed(line, socket::Opened{what.connection});
  for (;;) {
    WebSocketEvent event = co_await connected->next();
    if (event.kind == WebSocketEvent::Kind::text) feed(line, socket::Text{what.connection, std::move(event.data)});
    if (event.kind != WebSocketEvent::Kind::closed) continue;
    line.open.erase(what.connection);
    feed(line, socket::Closed{what.connection, why(event)});
    if (stopping_ && all_closed()) closed_.set();
    co_return;
  }
}

Task<> SocketMode::sleep(Line& line, socket::Wait what) {
  try {
    co_await services_.clock().sleep_for(what.time);
  } catch (const sdk::OutcomeError&) {
    line.sleepless = what;
    co_return;
  }
  feed(line, socket::Due{what.wait});
}

Task<> SocketMode::lose_patience() {
  co_await services_.clock().sleep_for(kGoodbye);
  closed_.set();
}

// Before there is something to say, and from stop() on, another instance of this sink may be the one in use: a reload has both for a
// while.
void SocketMode::count() {
  if (!stopping_) services_.metrics().set("slack_socket_connections", static_cast<double>(serving()));
}

std::size_t SocketMode::serving() const { return lines_[0].machine.serving() + lines_[1].machine.serving(); }

bool SocketMode::all_closed() const {
  return std::ranges::all_of(lines_, [](const Line& line) { return line.open.empty(); });
}

}  // namespace belfry::slack
