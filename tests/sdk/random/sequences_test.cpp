// Random sequences of calls into a sink of the C++ interface, against the test kit's host. Each sequence has a seed of its own, which a
// failure prints:
//     BELFRY_RANDOM_SEED=<seed> BELFRY_RANDOM_SEQUENCES=1 build/release/tests/sdk_random_test
// The long form is 1,000,000 sequences.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <belfry/testkit/fake_host.hpp>
#include <cstdlib>
#include <set>

#include "chaos_sink.hpp"

namespace belfry::testkit {
namespace {

using testing::IsEmpty;

std::uint64_t setting(const char* name, std::uint64_t fallback) {
  const char* text = std::getenv(name);
  return text == nullptr ? fallback : std::strtoull(text, nullptr, 10);
}

// One sequence: a host that does something random at every step.
class Sequence {
 public:
  Sequence(const belfry_plugin_entry* entry, std::uint64_t seed) : random_(seed), host_(entry) {
    for (const char* method : {"GET", "POST"}) host_.on(method, "chaos.example", [this](const Request&) { return response(); });
    host_.on_websocket("chaos.example", [this](const FakeWebSocket&) { return handshake(); });
  }

  void run() {
    if (!host_.configure({{"token", "a-random-token"}})) return;
    if (random_.one_in(20) && host_.has_extension(BELFRY_SINK_CHECK_ONLINE_1)) {
      host_.check_online();
      return;
    }
    if (!host_.start()) return;
    for (auto left = 2 + random_.below(12); left > 0; --left) act();
    release();
    if (random_.one_in(8)) return;  // destroy() stops it
    host_.stop(Millis(random_.one_in(2) ? 100 : 60'000));
  }

  FakeHost& host() { return host_; }

 private:
  void act() {
    switch (random_.below(18)) {
      case 0:
      case 1:
      case 2:
      case 3: deliver(); break;
      case 4:
        if (!tickets_.empty()) host_.abandon(tickets_[random_.below(tickets_.size())]);
        break;
      case 5: host_.abandon_unknown(1'000'000); break;
      case 6:
      case 7: host_.advance(Millis(random_.below(50))); break;
      case 8: host_.hold_responses(random_.one_in(2)); break;
      case 9:
        if (const auto open = host_.open_requests(); !open.empty()) host_.respond(open[random_.below(open.size())].ticket, response());
        break;
      case 10: host_.hold_grants(random_.one_in(2)); break;
      case 11: host_.grant(); break;
      case 12: host_.hold_offload(random_.one_in(2)); break;
      case 13: host_.release_offload(); break;
      case 14: host_.fail_kv(random_.one_in(2)); break;
      case 15: use_socket(); break;
      case 16: use_extension(); break;
      default: disturb(); break;
    }
    if (random_.one_in(2)) host_.run();
  }

  void deliver() {
    auto document = notification();
    document["delivery_id"] = "d" + std::to_string(random_.below(1000));
    tickets_.push_back(host_.deliver(document, {.attempt = 1, .time = Millis(1 + random_.below(60))}));
  }

  void use_socket() {
    auto& sockets = host_.websockets();
    if (sockets.empty()) return;
    auto& socket = sockets[random_.below(sockets.size())];
    if (socket.state() != FakeWebSocket::State::open || ended_by_peer_.contains(&socket)) return;
    switch (random_.below(5)) {
      case 0:
      case 1:
        ended_by_peer_.insert(&socket);
        random_.one_in(2) ? socket.close(1000, "bye") : socket.drop(HttpError::closed);
        break;
      case 2: socket.fail_sends(random_.one_in(2)); break;
      case 3: socket.ignore_close(random_.one_in(2)); break;
      default: socket.push_text("hello"); break;
    }
  }

  void use_extension() {
    if (!host_.has_extension(BELFRY_SINK_INBOUND_HTTP_1)) return;
    switch (random_.below(3)) {
      case 0:
        host_.inbound({.method = "POST", .path = "/chaos", .query = "", .headers = {}, .body = random_.one_in(4) ? "" : "body"});
        break;
      case 1: (void)host_.reconcile(notification()); break;
      default: (void)host_.render(notification()); break;
    }
  }

  void disturb() {
    switch (random_.below(4)) {
      case 0: host_.step_wall_clock(std::chrono::hours(random_.one_in(2) ? 100 : -100)); break;
      case 1: host_.stray_event(random_.below(1000), 99); break;
      case 2: host_.refuse_requests(random_.one_in(3)); break;
      default: host_.rotate_secret(token_, token_ + "x"), token_ += "x"; break;
    }
  }

  // Ends every hold, so that the sink can stop.
  void release() {
    host_.refuse_requests(false);
    host_.hold_responses(false);
    host_.hold_grants(false);
    host_.hold_offload(false);
  }

  Response response() {
    switch (random_.below(6)) {
      case 0: return Response::of(500);
      case 1: return Response::of(429, "", {{"Retry-After", "1"}});
      case 2: return Response::fails(HttpError::timeout, true);
      case 3: return Response::of(200).delayed(Millis(random_.below(80)));
      default: return Response::of(200, "{}");
    }
  }

  Handshake handshake() {
    switch (random_.below(5)) {
      case 0: return Handshake::refuse(401);
      case 1: return Handshake::fail(HttpError::connect);
      case 2: return Handshake::accept().delayed(Millis(random_.below(40)));
      default: return Handshake::accept();
    }
  }

  Random random_;
  std::string token_ = "a-random-token";
  std::vector<belfry_ticket> tickets_;
  std::set<const FakeWebSocket*> ended_by_peer_;
  FakeHost host_;
};

// Returns whether the sequence kept the contract and left nothing behind.
void run_sequence(const belfry_plugin_entry* entry, std::uint64_t seed) {
  SCOPED_TRACE("BELFRY_RANDOM_SEED=" + std::to_string(seed));
  ChaosSink::seed = seed;
  ChaosSink::alive = 0;
  {
    Sequence sequence(entry, seed);
    sequence.run();
    sequence.host().destroy();
    EXPECT_THAT(sequence.host().violations(), IsEmpty());
  }
  EXPECT_EQ(ChaosSink::alive, 0) << "a task or the sink outlived destroy()";
}

void run_all(const belfry_plugin_entry* entry, std::uint64_t sequences) {
  const auto first = setting("BELFRY_RANDOM_SEED", 1);
  for (std::uint64_t i = 0; i < setting("BELFRY_RANDOM_SEQUENCES", sequences); ++i) {
    run_sequence(entry, first + i);
    if (testing::Test::HasFailure()) return;  // the first seed is enough
  }
}

TEST(RandomSequences, Coroutines) { run_all(chaos_entry(), 20'000); }
TEST(RandomSequences, BlockingCode) { run_all(chaos_blocking_entry(), 2'000); }

}  // namespace
}  // namespace belfry::testkit
