// Hosts that are older or newer than the plugin: shorter structs, longer structs, missing services.
#include <gmock/gmock.h>

#include <cstring>

#include "sdk/probe.hpp"

namespace belfry::testkit {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr belfry_ticket kRequest = 77;
constexpr belfry_ticket kJob = 88;

// A minimal host that records what the sink requests. Everything in version 1.0 of the tables is present.
struct BareHost {
  BareHost() {
    host.size = sizeof host;
    host.ctx = this;
    host.service = [](void* ctx, belfry_str id) -> const void* {
      const auto& bare = *static_cast<BareHost*>(ctx);
      if (!bare.has_services) return nullptr;
      if (sdk::detail::view(id) == BELFRY_HOST_HTTP_CLIENT_1) return bare.http;
      if (sdk::detail::view(id) == BELFRY_HOST_OFFLOAD_1) return &bare.offload;
      return nullptr;
    };
    host.complete = [](void* ctx, belfry_ticket, const belfry_outcome* outcome) {
      auto& bare = *static_cast<BareHost*>(ctx);
      ++bare.completions;
      bare.detail = sdk::detail::view(outcome->detail);
    };
    host.stopped = [](void*, belfry_ticket) {};
    host.cancel = [](void* ctx, belfry_ticket ticket) { static_cast<BareHost*>(ctx)->cancelled.push_back(ticket); };
    host.wake = [](void*, std::uint64_t) -> belfry_ticket { return 0; };
    http_client.size = sizeof http_client;
    http_client.send = [](void* ctx, const belfry_http_request* request) -> belfry_ticket {
      auto& bare = *static_cast<BareHost*>(ctx);
      bare.requests.push_back(request->user_data);
      return kRequest;
    };
    offload.size = sizeof offload;
    offload.run = [](void* ctx, void (*run)(void*), void* arg, std::uint64_t user_data) -> belfry_ticket {
      auto& bare = *static_cast<BareHost*>(ctx);
      bare.job = run;
      bare.job_arg = arg;
      bare.job_user_data = user_data;
      return kJob;
    };
    offload.run_for = [](void*, belfry_ticket, void (*)(void*, std::int64_t), void*, std::uint64_t) -> belfry_ticket { return 0; };
  }
  void create() {
    const belfry_findings findings{nullptr, [](void*, const belfry_finding*) -> belfry_status { return BELFRY_OK; }};
    ASSERT_EQ(entry->create({"probe", 5}, host_table, &self, &api), BELFRY_OK);
    ASSERT_EQ(api->configure(self, {"{}", 2}, &findings), BELFRY_OK);
    ASSERT_EQ(api->start(self, nullptr), BELFRY_OK);
  }
  void deliver(belfry_ticket ticket) const {
    belfry_message message{};
    message.size = sizeof message;
    message.ticket = ticket;
    api->deliver(self, &message);
  }
  void event(std::uint32_t kind, belfry_ticket ticket, std::uint64_t user_data, const void* payload) const {
    const belfry_event event{sizeof event, kind, ticket, user_data, payload};
    api->event(self, &event);
  }
  // The result of the newest request.
  void respond(const void* result) const { event(BELFRY_EVENT_HTTP, kRequest, requests.back(), result); }

  const belfry_plugin_entry* entry = sdk::detail::Entry<Probe, kProbeInfo>::table();
  belfry_host host{};
  const belfry_host* host_table = &host;
  bool has_services = true;
  belfry_host_http_client http_client{};
  const belfry_host_http_client* http = &http_client;
  belfry_host_offload offload{};
  void* self = nullptr;
  const belfry_sink_api* api = nullptr;
  int completions = 0;
  std::string detail;
  std::vector<std::uint64_t> requests;  // the user_data of each
  std::vector<belfry_ticket> cancelled;
  void (*job)(void*) = nullptr;
  void* job_arg = nullptr;
  std::uint64_t job_user_data = 0;
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
  bare.respond(&result);
  EXPECT_EQ(bare.completions, 1);
  EXPECT_EQ(bare.detail, "204/0/");
  bare.api->destroy(bare.self);
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
  struct {
    belfry_event known{};
    std::uint64_t newer = ~0ULL;
  } event;
  event.known = {sizeof event, BELFRY_EVENT_HTTP, kRequest, bare.requests.back(), &result};
  bare.api->event(bare.self, &event.known);
  EXPECT_EQ(bare.detail, "200/0/b");
  bare.api->destroy(bare.self);
}

TEST(ToleranceTest, AnEventOfAnotherKindIsIgnored) {
  Probe::behaviour = get_and_report;
  BareHost bare;
  bare.create();
  bare.deliver(1);
  bare.event(BELFRY_EVENT_TIMER, kRequest, bare.requests.back(), nullptr);
  bare.event(99, kRequest, bare.requests.back(), nullptr);
  EXPECT_EQ(bare.detail, "");
  belfry_http_result result{};
  result.size = sizeof result;
  result.status = 200;
  result.body = {"b", 1};
  bare.event(BELFRY_EVENT_HTTP, kRequest, bare.requests.back(), &result);
  EXPECT_EQ(bare.detail, "200/0/b");
  bare.api->destroy(bare.self);
}

TEST(ToleranceTest, AnEventWithoutUserDataIsIgnored) {
  Probe::behaviour = get_and_report;
  BareHost bare;
  bare.create();
  bare.deliver(1);
  bare.event(BELFRY_EVENT_HTTP, kRequest, 0, nullptr);
  EXPECT_EQ(bare.completions, 0);
  bare.api->destroy(bare.self);
}

TEST(ToleranceTest, AMessageOfAnOlderHostIsShort) {
  Probe::behaviour = [](Probe&, Message message) -> Task<Outcome> {
    co_return Outcome::retry("got", message.delivery_id() + message.body_json());
  };
  BareHost bare;
  bare.create();
  belfry_message message;
  std::memset(&message, 0xff, sizeof message);
  message.size = offsetof(belfry_message, body_json);
  message.ticket = 1;
  message.delivery_id = {"id", 2};
  bare.api->deliver(bare.self, &message);
  EXPECT_EQ(bare.detail, "id");
  bare.api->destroy(bare.self);
}

TEST(ToleranceTest, AMessageOfANewerHostIsLong) {
  Probe::behaviour = [](Probe&, Message message) -> Task<Outcome> {
    co_return Outcome::retry("got", message.delivery_id() + message.body_json());
  };
  BareHost bare;
  bare.create();
  struct {
    belfry_message known{};
    std::uint64_t newer = ~0ULL;
  } message;
  message.known.size = sizeof message;
  message.known.ticket = 1;
  message.known.delivery_id = {"id", 2};
  message.known.body_json = {"{}", 2};
  bare.api->deliver(bare.self, &message.known);
  EXPECT_EQ(bare.detail, "id{}");
  bare.api->destroy(bare.self);
}

TEST(ToleranceTest, TheTablesOfANewerHostAreLonger) {
  Probe::behaviour = get_and_report;
  BareHost bare;
  struct {
    belfry_host known;
    void (*newer)() = nullptr;
  } host{bare.host};
  host.known.size = sizeof host;
  host.known.abi_minor = BELFRY_ABI_MINOR + 7;
  struct {
    belfry_host_http_client known;
    void (*newer)() = nullptr;
  } http{bare.http_client};
  http.known.size = sizeof http;
  bare.host_table = &host.known;
  bare.http = &http.known;
  bare.create();
  bare.deliver(1);
  belfry_http_result result{};
  result.size = sizeof result;
  result.status = 200;
  bare.respond(&result);
  EXPECT_EQ(bare.detail, "200/0/");
  bare.api->destroy(bare.self);
}

TEST(ToleranceTest, AHostMayLackAnOptionalService) {
  Probe::behaviour = get_and_report;
  BareHost bare;
  bare.http = nullptr;
  bare.create();
  bare.deliver(1);
  EXPECT_EQ(bare.detail, "this gateway does not offer belfry.host.http-client/1");
  bare.api->destroy(bare.self);
}

TEST(ToleranceTest, AHostWithoutServicesIsNoCrash) {
  Probe::behaviour = get_and_report;
  BareHost bare;
  bare.has_services = false;
  bare.create();
  bare.deliver(1);
  EXPECT_EQ(bare.completions, 1);
  bare.api->destroy(bare.self);
}

TEST(ToleranceTest, NoTicketMeansTheInstanceIsEnding) {
  Probe::behaviour = get_and_report;
  BareHost bare;
  bare.http_client.send = [](void*, const belfry_http_request*) -> belfry_ticket { return 0; };
  bare.create();
  bare.deliver(1);
  EXPECT_EQ(bare.detail, "the gateway accepts no more requests from this sink");
  EXPECT_THAT(bare.cancelled, IsEmpty()) << "there is nothing to cancel";
  bare.api->destroy(bare.self);
}

TEST(ToleranceTest, TheSameTicketTwiceIsOneDelivery) {
  Probe::behaviour = get_and_report;
  BareHost bare;
  bare.create();
  bare.deliver(1);
  bare.deliver(1);
  EXPECT_EQ(bare.requests.size(), 1U);
  belfry_http_result result{};
  result.size = sizeof result;
  bare.respond(&result);
  EXPECT_EQ(bare.completions, 1);
  bare.api->destroy(bare.self);
}

TEST(ToleranceTest, ARequestThatNobodyAwaitsIsCancelled) {
  Probe::behaviour = get_and_report;
  BareHost bare;
  bare.create();
  bare.deliver(1);
  bare.api->abandon(bare.self, 1);
  EXPECT_THAT(bare.cancelled, ElementsAre(kRequest)) << "its user_data is no longer valid";
  bare.deliver(2);
  bare.api->destroy(bare.self);
  EXPECT_THAT(bare.cancelled, ElementsAre(kRequest, kRequest));
  EXPECT_EQ(bare.completions, 0);
}

TEST(ToleranceTest, ARequestThatHasEndedIsNotCancelled) {
  Probe::behaviour = get_and_report;
  BareHost bare;
  bare.create();
  bare.deliver(1);
  belfry_http_result result{};
  result.size = sizeof result;
  bare.respond(&result);
  bare.api->destroy(bare.self);
  EXPECT_THAT(bare.cancelled, IsEmpty());
}

TEST(ToleranceTest, DestroyLeavesWhatThePoolStillUses) {
  Probe::behaviour = [](Probe& sink, Message) -> Task<Outcome> {
    auto work = [&sink] { return sink.alive; };
    co_return Outcome::retry("alive", std::to_string(co_await sink.offload().run(std::move(work))));
  };
  BareHost bare;
  bare.create();
  bare.deliver(1);
  bare.api->destroy(bare.self);
  bare.job(bare.job_arg);  // reads the sink, which must still exist
  bare.event(BELFRY_EVENT_OFFLOAD, kJob, bare.job_user_data, nullptr);
  bare.api->destroy(bare.self);
}

TEST(ToleranceTest, OneDescriptorOneInstance) {
  BareHost bare;
  EXPECT_EQ(bare.entry->count(), 1U);
  EXPECT_EQ(bare.entry->descriptor(1), nullptr);
  EXPECT_EQ(bare.entry->create({"another", 7}, &bare.host, &bare.self, &bare.api), BELFRY_FAILED);
  EXPECT_EQ(bare.self, nullptr);
}

TEST(ToleranceTest, TheEntryIsOfVersionOne) {
  const auto& entry = *sdk::detail::Entry<Probe, kProbeInfo>::table();
  EXPECT_EQ(entry.magic, BELFRY_PLUGIN_MAGIC);
  EXPECT_EQ(entry.abi_major, 1U);
  EXPECT_EQ(entry.needs_host_minor, 0U) << "works with every gateway of version 1";
}

}  // namespace
}  // namespace belfry::testkit
