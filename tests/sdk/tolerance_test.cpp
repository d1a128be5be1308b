// Hosts that are older or newer than the plugin: shorter structs, longer structs, missing functions.
#include <gtest/gtest.h>

#include <cstring>

#include "sdk/probe.hpp"

namespace belfry::testkit {
namespace {

// A minimal host that records completions and offloaded jobs.
struct BareHost {
  BareHost() {
    host.size = sizeof host;
    host.ctx = this;
    host.service = [](void* ctx, belfry_str id) -> const void* {
      if (sdk::detail::view(id) == BELFRY_HTTP_CLIENT_1) return &static_cast<BareHost*>(ctx)->http;
      if (sdk::detail::view(id) == BELFRY_OFFLOAD_1) return &static_cast<BareHost*>(ctx)->offload;
      return nullptr;
    };
    host.complete = [](void* ctx, belfry_ticket, const belfry_outcome* outcome) {
      auto& bare = *static_cast<BareHost*>(ctx);
      ++bare.completions;
      bare.detail = sdk::detail::view(outcome->detail);
    };
    http.size = sizeof http;
    http.send = [](void*, const belfry_http_request*) -> belfry_ticket { return 77; };
    offload.size = sizeof offload;
    offload.run = [](void* ctx, void (*run)(void*), void* arg) -> belfry_ticket {
      auto& bare = *static_cast<BareHost*>(ctx);
      bare.job = run;
      bare.job_arg = arg;
      return 88;
    };
  }
  void create() {
    ASSERT_EQ(entry->create(0, &host, &self, &table), 0);
    ASSERT_EQ(table->configure(self, {"{}", 2}, nullptr), 0);
    ASSERT_EQ(table->start(self, nullptr), 0);
  }
  void deliver(belfry_ticket ticket) {
    belfry_message message{};
    message.size = sizeof message;
    message.ticket = ticket;
    table->deliver(self, &message);
  }

  const belfry_plugin_entry* entry = sdk::detail::Entry<Probe, kProbeInfo>::table();
  belfry_host host{};
  belfry_http_client http{};
  belfry_offload offload{};
  void* self = nullptr;
  const belfry_instance* table = nullptr;
  int completions = 0;
  std::string detail;
  void (*job)(void*) = nullptr;
  void* job_arg = nullptr;
};

Task<Outcome> get_and_report(Probe& sink, Message) {
  const auto result = co_await sink.http().get("https://a.example/");
  co_return Outcome::retry("got", std::to_string(result.status) + '/' + std::to_string(result.headers.size()) + '/' + result.body);
}

TEST(ToleranceTest, AnEventOfAnOlderHostIsShort) {
  Probe::behaviour = get_and_report;
  BareHost bare;
  bare.create();
  bare.deliver(1);
  belfry_http_result result;
  std::memset(&result, 0xff, sizeof result);  // garbage beyond `size`
  result.size = offsetof(belfry_http_result, headers);
  result.error = BELFRY_HTTP_OK;
  result.status = 204;
  bare.table->event(bare.self, 77, BELFRY_EVENT_HTTP, &result);
  EXPECT_EQ(bare.completions, 1);
  EXPECT_EQ(bare.detail, "204/0/");
  bare.table->destroy(bare.self);
}

TEST(ToleranceTest, AnEventOfANewerHostIsLong) {
  Probe::behaviour = get_and_report;
  BareHost bare;
  bare.create();
  bare.deliver(1);
  struct {
    belfry_http_result known{};
    std::uint64_t newer = ~0ULL;
  } result;
  result.known.size = sizeof result;
  result.known.status = 200;
  result.known.body = {"b", 1};
  bare.table->event(bare.self, 77, BELFRY_EVENT_HTTP, &result);
  EXPECT_EQ(bare.detail, "200/0/b");
  bare.table->destroy(bare.self);
}

TEST(ToleranceTest, AnEventOfAnotherKindIsNoAnswer) {
  Probe::behaviour = [](Probe& sink, Message) -> Task<Outcome> {
    const auto outcome = http_outcome(co_await sink.http().post("https://a.example/", ""));
    co_return outcome.ambiguous ? Outcome::retry("ok", "ambiguous") : outcome;
  };
  BareHost bare;
  bare.create();
  bare.deliver(1);
  bare.table->event(bare.self, 77, BELFRY_EVENT_TIMER, nullptr);
  EXPECT_EQ(bare.detail, "ambiguous");
  bare.table->destroy(bare.self);
}

TEST(ToleranceTest, AMessageOfAnOlderHostIsShort) {
  Probe::behaviour = [](Probe&, Message message) -> Task<Outcome> {
    co_return Outcome::retry("got", message.delivery_id() + message.body_json() + message.prior_receipt().dump());
  };
  BareHost bare;
  bare.create();
  belfry_message message;
  std::memset(&message, 0xff, sizeof message);
  message.size = offsetof(belfry_message, body_json);
  message.ticket = 1;
  message.delivery_id = {"id", 2};
  bare.table->deliver(bare.self, &message);
  EXPECT_EQ(bare.detail, "idnull");
  bare.table->destroy(bare.self);
}

TEST(ToleranceTest, AServiceTableOfAnOlderHostLacksItsLastFunctions) {
  Probe::behaviour = get_and_report;
  BareHost bare;
  bare.http.size = offsetof(belfry_http_client, send);
  bare.create();
  bare.deliver(1);
  EXPECT_EQ(bare.detail, "this gateway does not offer belfry.http-client/1");
  bare.table->destroy(bare.self);
}

TEST(ToleranceTest, AHostWithoutServicesIsNoCrash) {
  Probe::behaviour = get_and_report;
  BareHost bare;
  bare.host.service = nullptr;
  bare.create();
  bare.deliver(1);
  EXPECT_EQ(bare.completions, 1);
  bare.table->destroy(bare.self);
}

TEST(ToleranceTest, NoTicketMeansTheInstanceIsEnding) {
  Probe::behaviour = get_and_report;
  BareHost bare;
  bare.http.send = [](void*, const belfry_http_request*) -> belfry_ticket { return 0; };
  bare.create();
  bare.deliver(1);
  EXPECT_EQ(bare.detail, "the gateway accepts no more requests from this sink");
  bare.table->destroy(bare.self);
}

TEST(ToleranceTest, TheSameTicketTwiceIsOneDelivery) {
  Probe::behaviour = get_and_report;
  BareHost bare;
  bare.create();
  bare.deliver(1);
  bare.deliver(1);
  belfry_http_result result{};
  result.size = sizeof result;
  bare.table->event(bare.self, 77, BELFRY_EVENT_HTTP, &result);
  bare.table->event(bare.self, 77, BELFRY_EVENT_HTTP, &result);
  EXPECT_EQ(bare.completions, 1);
  bare.table->destroy(bare.self);
}

TEST(ToleranceTest, DestroyLeavesWhatThePoolStillUses) {
  Probe::behaviour = [](Probe& sink, Message) -> Task<Outcome> {
    auto work = [&sink] { return sink.alive; };
    co_return Outcome::retry("alive", std::to_string(co_await sink.offload().run(std::move(work))));
  };
  BareHost bare;
  bare.create();
  bare.deliver(1);
  bare.table->destroy(bare.self);
  bare.job(bare.job_arg);  // reads the sink, which must still exist
  bare.table->event(bare.self, 88, BELFRY_EVENT_OFFLOAD, nullptr);
  bare.table->destroy(bare.self);
}

TEST(ToleranceTest, OneDescriptorOneInstance) {
  BareHost bare;
  EXPECT_EQ(bare.entry->count(), 1U);
  EXPECT_EQ(bare.entry->descriptor(1), nullptr);
  EXPECT_NE(bare.entry->create(1, &bare.host, &bare.self, &bare.table), 0);
  EXPECT_EQ(bare.self, nullptr);
}

}  // namespace
}  // namespace belfry::testkit
