// Tests the services and extensions of a running instance, through a plugin that calls them.
#include "plugin/contract/instance.hpp"

#include <gmock/gmock.h>

#include "support/plugin_rig.hpp"

namespace belfry {
namespace {

using model::OutcomeCode;
using nlohmann::json;
using plugin::Health;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

class Services : public testing::PluginRig {
 protected:
  std::shared_ptr<plugin::Instance> open_to(const std::string& what) {
    return open_allowing_warnings({{"do", what}, {"token", "tok-123456"}});
  }
  // The plugin warns about every configuration.
  std::shared_ptr<plugin::Instance> open_allowing_warnings(const json& config) {
    install("services");
    const auto checked = check(scan(), config);
    EXPECT_EQ(checked.problems.size(), 1U);
    if (!checked.sink) return nullptr;
    const auto instance = try_open(*checked.sink);
    return instance ? *instance : nullptr;
  }
  std::string detail_of(const std::string& what) {
    const auto instance = open_to(what);
    return instance ? deliver(*instance, message()).detail : "not opened";
  }
  // The value of "key" in a scope of the store.
  std::string stored(const std::string& scope) {
    std::string found = "nothing";
    kv_.get(scope, "key", [&](base::Result<std::optional<plugin::KvBackend::Value>> value) {
      if (value && *value) found = (*value)->value;
    });
    return found;
  }
  // Delivers a message, answers the one request, and returns the detail of the outcome.
  std::string detail_after(std::expected<net::ClientResponse, net::ClientError> answer) {
    const auto instance = open_to("http");
    if (!instance) return "not opened";
    testing::Mailbox<model::Outcome> outcomes;
    instance->deliver(message(), [&](model::Outcome outcome) { outcomes.put(std::move(outcome)); });
    const auto asked = http_->requests.take();
    if (!asked) return "no request was made";
    http_->answer(asked->id, std::move(answer));
    const auto outcome = outcomes.take();
    return outcome ? outcome->detail : "no outcome";
  }
};

TEST_F(Services, Message) {
  const auto instance = open_to("message");
  ASSERT_TRUE(instance);
  auto send = message();
  send.attempt = 4;
  auto marked = *send.message;
  marked.delivery.possible_duplicate = true;
  marked.items[0].sensitive = true;
  send.message = std::make_shared<const model::Message>(std::move(marked));
  EXPECT_EQ(deliver(*instance, std::move(send)).detail, "delivery-1 4 3");
}

TEST_F(Services, HttpAnswer) { EXPECT_EQ(detail_after(net::ClientResponse{418, {{"A", "b"}}, "short"}), "http 0 0 418 1 short"); }

TEST_F(Services, HttpError) {
  const net::ClientError error{net::ClientError::Kind::timeout, true, "no answer from 127.0.0.1"};
  EXPECT_EQ(detail_after(std::unexpected(error)), "http 5 1 0 0 no answer from 127.0.0.1");
}

TEST_F(Services, HttpRequestIsWhatThePluginAsked) {
  const auto instance = open_to("http");
  ASSERT_TRUE(instance);
  instance->deliver(message(15s), [](const model::Outcome&) {});
  const auto asked = http_->requests.take();
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->request.method, "POST");
  EXPECT_EQ(asked->request.url, "http://127.0.0.1/post");
  EXPECT_EQ(asked->request.headers.list().at(0).second, "yes");
  EXPECT_EQ(asked->request.body, "body");
  EXPECT_LE(asked->request.timeout, 15s);  // the remainder of the delivery's timeout
  EXPECT_GT(asked->request.timeout, 10s);
}

TEST_F(Services, HttpDiesWithItsDelivery) {
  const auto instance = open_to("http");
  ASSERT_TRUE(instance);
  EXPECT_EQ(deliver(*instance, message(50ms)).reason, "timeout");
  const auto asked = http_->requests.take();
  ASSERT_TRUE(asked);
  EXPECT_EQ(http_->cancelled.take(), asked->id);
}

TEST_F(Services, HttpCancelled) {
  EXPECT_EQ(detail_of("http cancel"), "cancelled");
  EXPECT_TRUE(http_->cancelled.take());
}

TEST_F(Services, Timer) { EXPECT_EQ(detail_of("timer"), "timer null"); }
TEST_F(Services, Offload) { EXPECT_EQ(detail_of("offload"), "offload 1"); }
TEST_F(Services, Kv) { EXPECT_EQ(detail_of("kv"), "[1 0 ][0 1 ][2 0 ][0 1 value][0 0 ]"); }

TEST_F(Services, KvOfTheAccount) {
  EXPECT_EQ(detail_of("account"), "put 0");
  EXPECT_EQ(stored("credential:" + plugin::SecretTable::fingerprint(base::Secret("tok-123456"))), "v")
      << "where earlier versions have stored it";
}

TEST_F(Services, KvOfTheAccountWithoutOne) {
  const auto instance = open_allowing_warnings({{"do", "account"}});
  ASSERT_TRUE(instance);
  EXPECT_EQ(deliver(*instance, message()).detail, "put 0");
  EXPECT_EQ(stored("sink:sink"), "v") << "the sink is an account by itself";
}

TEST_F(Services, KvFails) {
  kv_.failing = true;
  const auto instance = open_to("kv");
  ASSERT_TRUE(instance);
  EXPECT_THAT(deliver(*instance, message()).detail, HasSubstr("[3 0 ]"));
}

TEST_F(Services, ABudgetOutlivesTheInstanceThatUsedItUp) {
  const auto first = open_to("rate");
  ASSERT_TRUE(first);
  EXPECT_EQ(deliver(*first, message()).detail, "granted");
  EXPECT_TRUE(stop(*first, 20s));
  const auto second = open_to("rate");
  ASSERT_TRUE(second);
  EXPECT_EQ(deliver(*second, message(100ms)).reason, "timeout");
}

TEST_F(Services, SecretIsRevealedAndScrubbed) { EXPECT_EQ(detail_of("secret"), "revealed ***"); }

TEST_F(Services, SecretIsScrubbedFromTheLog) {
  EXPECT_EQ(detail_of("log"), "logged");
  EXPECT_TRUE(lines_.wait_for("plugin: the token is *** sink=sink")) << lines_.all();
  EXPECT_EQ(lines_.count("tok-123456"), 0U);
}

TEST_F(Services, TimeZonesOfRecipients) {
  EXPECT_EQ(detail_of("zone"), "reported");
  EXPECT_EQ(recipients_.time_zones.take(), "sink Bobby@Coder.com Asia/Tokyo");
  EXPECT_EQ(recipients_.time_zones.size(), 0U) << "empty and overlong values are not passed on";
  EXPECT_EQ(metrics_.value("bad_argument"), 4);
}

TEST_F(Services, Metrics) {
  EXPECT_EQ(detail_of("metrics"), "counted");
  EXPECT_EQ(metrics_.value("counter posts"), 2);
  EXPECT_EQ(metrics_.value("gauge level"), -1.5);
  EXPECT_EQ(metrics_.value("gauge posts"), 0);  // it is a counter
  EXPECT_EQ(metrics_.value("bad_argument"), 1);
}

TEST_F(Services, WarningsAreLoggedAtOpen) {
  ASSERT_TRUE(open_to("nothing"));
  EXPECT_TRUE(lines_.wait_for("plugin warning sink=sink where=/do what=\"this is a warning\"")) << lines_.all();
}

TEST_F(Services, Reconcile) {
  using plugin::ReconcileResult;
  using Code = ReconcileResult::Code;
  struct Row {
    const char* what;
    ReconcileResult result;
  };
  for (const auto& row :
       {Row{"nothing", {.code = Code::absent}}, Row{"found", {.code = Code::found, .receipt = R"({"id":"1"})"}},
        Row{"ask again", {.code = Code::ask_again, .retry_after = 5s, .detail = "the remote is busy"}},
        Row{"unknown", {.code = Code::unknown, .detail = "the remote keeps no record"}}, Row{"another code", {.code = Code::unknown}}}) {
    const auto instance = open_to(row.what);
    ASSERT_TRUE(instance);
    ASSERT_TRUE(instance->can_reconcile());
    const auto results = std::make_shared<testing::Mailbox<ReconcileResult>>();
    instance->reconcile(message(), [results](ReconcileResult result) { results->put(std::move(result)); });
    EXPECT_EQ(results->take(), row.result) << row.what;
    EXPECT_TRUE(stop(*instance, 20s));
  }
  EXPECT_EQ(metrics_.value("bad_outcome"), 1) << "the code that does not exist";
}

TEST_F(Services, ReconcileAfterTheStop) {
  const auto instance = open_to("found");
  ASSERT_TRUE(instance);
  EXPECT_TRUE(stop(*instance, 20s));
  const auto results = std::make_shared<testing::Mailbox<plugin::ReconcileResult>>();
  instance->reconcile(message(), [results](plugin::ReconcileResult result) { results->put(std::move(result)); });
  const auto result = results->take();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->code, plugin::ReconcileResult::Code::unknown);
  EXPECT_TRUE(result->not_started);
}

TEST_F(Services, Render) {
  const auto instance = open_to("nothing");
  ASSERT_TRUE(instance);
  const auto rendered = instance->render(message());
  ASSERT_TRUE(rendered) << rendered.error().message;
  EXPECT_EQ(*rendered, json::parse(R"([{"method": "POST"}])"));
}

TEST_F(Services, RenderFails) {
  const auto instance = open_to("render badly");
  ASSERT_TRUE(instance);
  EXPECT_EQ(instance->render(message()).error().message, "cannot ***");
}

TEST_F(Services, Inbound) {
  limits_.inbound = 100ms;
  const auto instance = open_to("nothing");
  ASSERT_TRUE(instance);
  EXPECT_EQ(instance->inbound_routes(), (std::vector<plugin::InboundRoute>{{"POST", "/in"}, {"GET", "/in/status"}}));
  testing::Mailbox<net::ServerResponse> responses;
  const auto ask = [&](const std::string& body) {
    net::ServerRequest request;
    request.body = body;
    instance->handle_inbound(std::move(request), [&](net::ServerResponse response) { responses.put(std::move(response)); });
    return responses.take().value_or(net::ServerResponse{0, {}, {}, false});
  };
  const auto good = ask("hello");
  EXPECT_EQ(good.status, 200);
  EXPECT_EQ(good.body, "hello");
  EXPECT_EQ(good.headers.get("content-type"), "text/plain");
  EXPECT_EQ(ask("").status, 401);
  EXPECT_EQ(ask("!").status, 401);  // an invalid status refuses the request all the same
  EXPECT_EQ(ask("?").status, 500);  // a reply with an invalid status
  EXPECT_EQ(ask("-").status, 503);  // no reply in time
  EXPECT_TRUE(stop(*instance, 20s));
  EXPECT_EQ(ask("hello").status, 503);
}

TEST_F(Services, MissingSecretCanBeOpened) {
  install("services");
  auto type_with_required = scan();
  ASSERT_EQ(type_with_required.entries.size(), 1U);
  type_with_required.entries[0].types.at(0).schema["required"] = json::array({"token"});
  const auto checked = check(type_with_required, {{"do", "secret"}, {"token", ""}}, {{"/token", "TOKEN is not set"}});
  ASSERT_TRUE(checked.sink);
  ASSERT_EQ(checked.sink->missing.size(), 1U);
  const auto instance = try_open(*checked.sink);
  ASSERT_TRUE(instance);
  EXPECT_EQ(deliver(**instance, message()).detail, "revealed ");
}

TEST_F(Services, StopSettlesWhatIsOpen) {
  const auto instance = open_to("http");
  ASSERT_TRUE(instance);
  testing::Mailbox<model::Outcome> outcomes;
  instance->deliver(message(), [&](model::Outcome outcome) { outcomes.put(std::move(outcome)); });
  ASSERT_TRUE(http_->requests.take());
  EXPECT_TRUE(stop(*instance, 20s));
  const auto outcome = outcomes.take();
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->reason, "stopped");
  EXPECT_TRUE(outcome->maybe_delivered);
  EXPECT_TRUE(http_->cancelled.take());
  EXPECT_EQ(instance->health(), Health::stopped);
  EXPECT_TRUE(stop(*instance, 20s));  // the second stop ends at once
}

TEST_F(Services, AStoppedInstanceIsGone) {
  auto instance = open_to("nothing");
  ASSERT_TRUE(instance);
  const std::weak_ptr<plugin::Instance> left = instance;
  EXPECT_TRUE(stop(*instance, 20s));
  opened_.clear();
  instance.reset();
  const auto limit = std::chrono::steady_clock::now() + 20s;
  while (!left.expired() && std::chrono::steady_clock::now() < limit) std::this_thread::yield();
  EXPECT_TRUE(left.expired());
}

TEST_F(Services, ADeadlineThatHasPassedAlready) {
  const auto instance = open_to("http");
  ASSERT_TRUE(instance);
  EXPECT_EQ(deliver(*instance, message(-1000ms)).reason, "timeout");
}

// ---- The states of a sink

TEST_F(Services, AServiceThatIsUsedTooEarlyIsNamed) {
  const auto instance = open("uses_service_early", {{"do", "unprobed"}});
  ASSERT_TRUE(instance);
  EXPECT_EQ(deliver(*instance, message()).detail, "no ticket");
  EXPECT_TRUE(lines_.wait_for("kind=too_early what=\"belfry.host.kv/1 was used before start() or check()\"")) << lines_.all();
}

TEST_F(Services, ASinkThatWasNeverStartedIsNotStoppedButDestroyed) {
  install("never_stops");
  const auto checked = check(scan());
  ASSERT_TRUE(checked.sink);
  const auto instance = host().open_for_check(*checked.sink, http_, websockets_);
  ASSERT_TRUE(instance) << instance.error().message;
  EXPECT_TRUE(stop(**instance, 20s));
  EXPECT_EQ((*instance)->health(), Health::stopped);
  EXPECT_EQ(lines_.count("stop_timeout"), 0U) << lines_.all();
}

TEST_F(Services, ARenderAfterTheStopIsRefused) {
  const auto instance = open_to("nothing");
  ASSERT_TRUE(instance);
  EXPECT_TRUE(stop(*instance, 20s));
  EXPECT_FALSE(instance->render(message()));
}

TEST_F(Services, ManyAtOnceFromManyThreads) {
  const auto instance = open("plain");
  ASSERT_TRUE(instance);
  testing::Mailbox<OutcomeCode> outcomes;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 250; ++i) instance->deliver(message(), [&](const model::Outcome& outcome) { outcomes.put(outcome.code); });
    });
  }
  for (auto& thread : threads) thread.join();
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(outcomes.take(), OutcomeCode::delivered);
}

}  // namespace
}  // namespace belfry
