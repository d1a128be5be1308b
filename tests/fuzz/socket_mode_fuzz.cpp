// Whatever comes over a Socket Mode connection: it is answered with at most one acknowledgement of its own id, and a line that is fed
// anything keeps its promises. Input: one frame a line; a first byte of a line below ' ' makes it an event of another kind.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>

#include "slack/envelope.hpp"
#include "slack/socket_line.hpp"

namespace {

using namespace belfry::slack;
using nlohmann::json;

void expect(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

void check_said(std::string_view text) {
  const Said said = read_said(text);
  if (said.acknowledgement.empty()) return;
  expect(said.kind == Said::Kind::envelope, "an acknowledgement of something else");
  const json came = json::parse(text, nullptr, false);
  const json reply = json::parse(said.acknowledgement, nullptr, false);
  expect(reply.is_object() && reply["envelope_id"] == came["envelope_id"], "not the id that came");
  expect(reply.size() == (came.value("accepts_response_payload", json()) == true ? 2U : 1U), "a payload that was not asked for");
}

class Driver {
 public:
  void feed(const socket::Event& event) {
    std::size_t texts = 0;
    for (const socket::Action& action : line_.resume(event, 0.5)) {
      if (const auto* connect = std::get_if<socket::Connect>(&action)) newest = connect->connection;
      if (const auto* wait = std::get_if<socket::Wait>(&action)) {
        timer = wait->wait;
        expect(wait->time > Millis(0) && wait->time <= std::chrono::hours(24), "a wait that is none, or for ever");
      }
      if (const auto* send = std::get_if<socket::Send>(&action)) {
        expect(++texts == 1 && send->connection <= newest, "more than one acknowledgement, or over no connection");
      }
    }
    expect(line_.serving() <= 4, "connections pile up");
  }

  socket::Number newest = 0, timer = 0;

 private:
  SocketLine line_{false};
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
      case 2: driver.feed(socket::NoUrl{static_cast<socket::Trouble>(text.size() % 4), "why", Millis(text.size())}); break;
      case 3: driver.feed(socket::Opened{driver.newest}); break;
      case 4: driver.feed(socket::Closed{driver.newest - static_cast<socket::Number>(text.size() % 3), "why"}); break;
      case 5: driver.feed(socket::Due{driver.timer}); break;
      case 6: driver.feed(socket::Stop{}); break;
      default: check_said(text); driver.feed(socket::Text{driver.newest, std::string(text)});
    }
  }
  return 0;
}
