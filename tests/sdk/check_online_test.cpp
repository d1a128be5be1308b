// Online checks of a sink, and secrets that it has obtained itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <belfry/testkit/fake_host.hpp>
#include <stdexcept>

namespace belfry::testkit {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class Curious final : public Sink, public ChecksOnline {
 public:
  Findings configure(const Config& config) override {
    what_ = config.string("what");
    return {};
  }
  std::expected<void, std::string> start() override {
    if (what_ == "must not start") throw std::logic_error("started");
    return {};
  }
  Task<Outcome> deliver(Message) override {
    services().add_secret("added-secret");
    log().info("it is added-secret");
    co_return Outcome::delivered();
  }
  Task<Findings> check_online() override {
    if (what_ == "throws at once") throw std::runtime_error("cannot connect");
    if (what_ == "asks") co_await http().get("https://a.example/");
    co_await clock().sleep_for(seconds(what_ == "for ever" ? 100'000 : 1));
    if (what_ == "throws") throw std::runtime_error("cannot connect");
    Findings findings;
    if (what_ == "no remedy") {
      findings.push_back({Finding::Severity::error, "/token", "it is wrong", ""});
    } else if (what_ != "nothing") {
      findings.push_back({Finding::Severity::warning, "/token", "it is old", "take another one"});
      findings.push_back({Finding::Severity::note, "", "it answers", ""});
    }
    co_return findings;
  }

 private:
  std::string what_;
};

class Incurious final : public Sink {
 public:
  Findings configure(const Config&) override { return {}; }
  Task<Outcome> deliver(Message) override { co_return Outcome::delivered(); }
};

constexpr const char* kSchema = R"({"type":"object","properties":{"what":{"type":"string"}}})";
constexpr sdk::PluginInfo kCuriousInfo{.type = "curious", .config_schema_json = kSchema};
constexpr sdk::PluginInfo kNeedy{.type = "curious", .config_schema_json = kSchema, .optional_services = {BELFRY_HOST_HTTP_CLIENT_1}};

class CheckOnlineTest : public testing::Test {
 protected:
  Findings check(const std::string& what) {
    if (!host_.configure({{"what", what}})) throw std::logic_error("configure");
    return host_.check_online();
  }
  FakeHost host_{sdk::detail::Entry<Curious, kCuriousInfo>::table()};
};

TEST_F(CheckOnlineTest, IsAnnouncedByTheClass) {
  ASSERT_TRUE(host_.configure(nlohmann::json::object()));
  EXPECT_TRUE(host_.has_extension(BELFRY_SINK_CHECK_ONLINE_1));
  FakeHost other(sdk::detail::Entry<Incurious, kCuriousInfo>::table());
  ASSERT_TRUE(other.configure(nlohmann::json::object()));
  EXPECT_FALSE(other.has_extension(BELFRY_SINK_CHECK_ONLINE_1));
}

TEST_F(CheckOnlineTest, GivesItsFindings) {
  EXPECT_THAT(check(""), ElementsAre(Finding{Finding::Severity::warning, "/token", "it is old", "take another one"},
                                     Finding{Finding::Severity::note, "", "it answers", ""}));
  EXPECT_THAT(host_.check_online(), SizeIs(2)) << "a second check works too";
  EXPECT_THAT(host_.violations(), IsEmpty());
}

TEST_F(CheckOnlineTest, IsNotStarted) {
  EXPECT_THAT(check("must not start"), SizeIs(2));
  EXPECT_TRUE(host_.stop()) << "can be stopped without having been started";
}

TEST_F(CheckOnlineTest, AServiceThatIsMissingIsAFinding) {
  FakeHost host(sdk::detail::Entry<Curious, kNeedy>::table());
  host.remove_service(BELFRY_HOST_HTTP_CLIENT_1);
  ASSERT_TRUE(host.configure({{"what", "asks"}}));
  EXPECT_THAT(host.check_online(), ElementsAre(testing::Field(&Finding::text, testing::HasSubstr(BELFRY_HOST_HTTP_CLIENT_1))));
}

TEST_F(CheckOnlineTest, MayFindNothing) { EXPECT_THAT(check("nothing"), IsEmpty()); }

TEST_F(CheckOnlineTest, WhatItThrowsIsAFinding) {
  const auto findings = check("throws");
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].severity, Finding::Severity::error);
  EXPECT_THAT(findings[0].text, testing::HasSubstr("cannot connect"));
  EXPECT_THAT(host_.violations(), IsEmpty());
}

TEST_F(CheckOnlineTest, AlsoWhenItThrowsBeforeItWaits) {
  EXPECT_THAT(check("throws at once"), ElementsAre(testing::Field(&Finding::text, testing::HasSubstr("cannot connect"))));
}

TEST_F(CheckOnlineTest, OneWithoutAnEndIsEnded) {
  EXPECT_THAT(check("for ever"), ElementsAre(testing::Field(&Finding::severity, Finding::Severity::error)));
}

TEST_F(CheckOnlineTest, AFindingSaysHowToMendIt) {
  static_cast<void>(check("no remedy"));
  EXPECT_THAT(host_.violations(), ElementsAre("bad_finding: an online check reports \"it is wrong\" without a remedy"));
}

TEST_F(CheckOnlineTest, AnAddedSecretMustNotShow) {
  ASSERT_TRUE(host_.configure(nlohmann::json::object()));
  ASSERT_TRUE(host_.start());
  static_cast<void>(host_.deliver_and_settle(notification()));
  EXPECT_THAT(host_.violations(), ElementsAre("secret_leaked: a secret appears in the log"));
}

TEST_F(CheckOnlineTest, AHostWithoutSecretsIsNoReasonToFail) {
  host_.remove_service(BELFRY_HOST_SECRETS_1);
  ASSERT_TRUE(host_.configure(nlohmann::json::object()));
  ASSERT_TRUE(host_.start());
  EXPECT_EQ(host_.deliver_and_settle(notification()).code, Outcome::Code::delivered);
}

}  // namespace
}  // namespace belfry::testkit
