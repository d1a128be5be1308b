// Feeds arbitrary messages and events to Socket Mode. A message must get at most one acknowledgement, with its own id, and the state
// machine must keep the promises of its header. Input: one text frame per line; a line whose first byte is below ' ' is another kind of
// event.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>

#include "slack/inbound/envelope.hpp"
#include "slack/inbound/socket_machine.hpp"

namespace {

using namespace belfry::slack;
using nlohmann::json;

void expect(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

void check_message(std::string_view text) {
  const SocketMessage message = parse_socket_message(text);
  if (message.acknowledgement.empty()) return;
  expect(message.kind == SocketMessage::Kind::envelope, "an acknowledgement for a message that is not an envelope");
  const json received = json::parse(text, nullptr, false);
  const json reply = json::parse(message.acknowledgement, nullptr, false);
  expect(reply.is_object() && reply["envelope_id"] == received["envelope_id"], "an acknowledgement with a different id");
  expect(reply.size() == (received.value("accepts_response_payload", json()) == true ? 2U : 1U), "an unexpected response payload");
}

class Driver {
 public:
  void feed(const socket::Event& event) {
    std::size_t texts = 0;
    for (const socket::Action& action : machine_.resume(event, 0.5)) {
      if (const auto* connect = std::get_if<socket::Connect>(&action)) newest = connect->connection;
      if (const auto* wait = std::get_if<socket::Wait>(&action)) {
        timer = wait->wait;
        expect(wait->time > Millis(0) && wait->time <= std::chrono::hours(24), "a wait out of range");
      }
      if (const auto* send = std::get_if<socket::Send>(&action)) {
        expect(++texts == 1 && send->connection <= newest, "more than one acknowledgement, or without a connection");
      }
    }
    expect(machine_.serving() <= 4, "too many connections");
  }

  socket::Number newest = 0, timer = 0;

 private:
  SocketMachine machine_{false};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Driver driver;
  driver.feed(socket::Begin{});
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  while (!rest.empty()) {
    const std::string_view text = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(text.size() + 1, rest.size()));
    const unsigned char first = text.empty() ? ' ' : static_cast<unsigned char>(text.front());
    switch (first) {
      case 1: driver.feed(socket::Url{"wss://x"}); break;
      case 2: driver.feed(socket::UrlFailed{static_cast<socket::FailureKind>(text.size() % 4), "why", Millis(text.size())}); break;
      case 3: driver.feed(socket::Opened{driver.newest}); break;
      case 4: driver.feed(socket::Closed{driver.newest - static_cast<socket::Number>(text.size() % 3), "why"}); break;
      case 5: driver.feed(socket::Due{driver.timer}); break;
      case 6: driver.feed(socket::Stop{}); break;
      default: check_message(text); driver.feed(socket::Text{driver.newest, std::string(text)});
    }
  }
  return 0;
}
