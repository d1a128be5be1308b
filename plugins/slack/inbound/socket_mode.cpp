#include "slack/inbound/socket_mode.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "slack/inbound/socket_url.hpp"
#include "slack/text/pause_note.hpp"

namespace belfry::slack {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr Millis kCloseTimeout = seconds(1);
constexpr std::uint64_t kLargestEnvelope = 4 << 20;  // bytes; an envelope contains the whole message whose button was clicked

// A bucket for its pauses, not for its rate, which the machine keeps to: the gateway bounds a pause, and ends it when the sink is released.
constexpr std::uint32_t kUrlsPerMinute = 60;
BucketKey url_requests() { return {Scope::sink, "apps.connections.open"}; }

// The same timing as Slack's own client. Slack sends pings too.
WebSocketRequest request_for(std::string url) {
  WebSocketRequest request(std::move(url));
  request.ping_interval = seconds(5);
  request.pong_timeout = seconds(5);
  request.idle_timeout = seconds(30);
  request.max_message_bytes = kLargestEnvelope;
  return request;
}

std::string why(const WebSocketEvent& closed) {
  if (closed.http_status != 0) return "the WebSocket handshake failed with HTTP " + std::to_string(closed.http_status);
  if (!closed.error_text.empty()) return "the WebSocket to Slack failed: " + closed.error_text;
  return "Slack closed the WebSocket with code " + std::to_string(closed.close_code);
}

}  // namespace

SocketMode::SocketMode(sdk::Services services, Secret app_token, std::string api_url)
    : services_(services), app_token_(std::move(app_token)), api_url_(std::move(api_url)) {}

void SocketMode::start() {
  services_.rate_limit().define(url_requests(), kUrlsPerMinute, minutes(1), kUrlsPerMinute);
  feed(sessions_[0], socket::Begin{});
}

Task<> SocketMode::stop() {
  stopping_ = true;
  for (Session& session : sessions_) feed(session, socket::Stop{});
  if (all_closed()) co_return;
  services_.spawn(enforce_close_timeout());
  co_await closed_.wait();
}

void SocketMode::feed(Session& session, const socket::Event& event) {
  for (Session& each : sessions_) {
    if (const auto wait = std::exchange(each.pending_wait, std::nullopt)) services_.spawn(sleep(each, *wait));
  }
  const double random = std::uniform_real_distribution<double>(0, 1)(random_);
  for (const socket::Action& action : session.machine.resume(event, random)) {
    std::visit([&](const auto& each) { act(session, each); }, action);
  }
}

void SocketMode::act(Session& session, const socket::FetchUrl&) { services_.spawn(fetch_url(session)); }

void SocketMode::act(Session& session, const socket::Connect& action) { services_.spawn(run_connection(session, action)); }

void SocketMode::act(Session& session, const socket::Send& action) {
  const auto found = session.open.find(action.connection);
  if (found == session.open.end() || !found->second->send(action.text))
    services_.log().warn("Socket Mode: a click could not be acknowledged");
}

void SocketMode::act(Session& session, const socket::Close& action) {
  const auto found = session.open.find(action.connection);
  if (found != session.open.end()) found->second->close();
}

void SocketMode::act(Session& session, const socket::Wait& action) { services_.spawn(sleep(session, action)); }

void SocketMode::act(Session& session, const socket::ServingChanged&) {
  update_gauge();
  if (session.machine.serving() == 0 || stopping_) return;
  if (!std::exchange(last_report_, {}).empty()) services_.log().info("Socket Mode: connected again");
  // The spare session starts once the first has proved to work; Begin has no effect after that.
  feed(sessions_[1], socket::Begin{});
}

void SocketMode::act(Session&, const socket::Report& action) {
  update_gauge();
  if (action.text == last_report_) return;
  last_report_ = action.text;
  const std::string line = "Socket Mode: " + action.text;
  if (action.error) {
    services_.log().error(line);
  } else {
    services_.log().warn(line);
  }
}

Task<> SocketMode::fetch_url(Session& session) {
  socket::Event answer = socket::UrlFailed{};
  try {
    co_await services_.rate_limit().acquire(url_requests());
    HttpRequest request = socket_url_request(api_url_, app_token_.reveal());
    const HttpResult result = co_await services_.http().send(std::move(request));
    answer = parse_socket_url(result, api_url_.starts_with("https://"));
  } catch (const sdk::OutcomeError& error) {
    answer = socket::UrlFailed{socket::FailureKind::fatal, error.outcome().detail};
  }
  auto* const failed = std::get_if<socket::UrlFailed>(&answer);
  if (failed != nullptr && failed->after > Millis(0)) pause(*failed);
  feed(session, answer);
}

void SocketMode::pause(socket::UrlFailed& failed) {
  services_.rate_limit().report_limited(url_requests(), failed.after);
  failed.why += pause_note(services_.rate_limit().wait_time(url_requests()));
}

Task<> SocketMode::run_connection(Session& session, socket::Connect action) {
  WebSocketRequest request = request_for(std::move(action.url));
  std::expected<WebSocketConnection, WebSocketEvent> connected = std::unexpected(WebSocketEvent{});
  try {
    connected = co_await services_.websocket().connect(std::move(request));
  } catch (const sdk::OutcomeError& error) {
    connected.error().error_text = error.outcome().detail;
  }
  if (!connected) {
    feed(session, socket::Closed{action.connection, why(connected.error())});
    co_return;
  }
  session.open.emplace(action.connection, &*connected);
  feed(session, socket::Opened{action.connection});
  for (;;) {
    WebSocketEvent event = co_await connected->next();
    if (event.kind == WebSocketEvent::Kind::text) feed(session, socket::Text{action.connection, std::move(event.data)});
    if (event.kind != WebSocketEvent::Kind::closed) continue;
    session.open.erase(action.connection);
    feed(session, socket::Closed{action.connection, why(event)});
    if (stopping_ && all_closed()) closed_.set();
    co_return;
  }
}

Task<> SocketMode::sleep(Session& session, socket::Wait action) {
  try {
    co_await services_.clock().sleep_for(action.time);
  } catch (const sdk::OutcomeError&) {
    session.pending_wait = action;
    co_return;
  }
  feed(session, socket::Due{action.wait});
}

Task<> SocketMode::enforce_close_timeout() {
  co_await services_.clock().sleep_for(kCloseTimeout);
  closed_.set();
}

// During a reload two instances of this sink exist for a while, so this one sets the gauge only from its first event until stop().
void SocketMode::update_gauge() {
  if (!stopping_) services_.metrics().set("slack_socket_connections", static_cast<double>(serving()));
}

std::size_t SocketMode::serving() const { return sessions_[0].machine.serving() + sessions_[1].machine.serving(); }

bool SocketMode::all_closed() const {
  return std::ranges::all_of(sessions_, [](const Session& session) { return session.open.empty(); });
}

}  // namespace belfry::slack
