// The built sink on the fake host, with a Slack that resolves every address to U1 and numbers the messages.
#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "belfry/testkit/fake_host.hpp"

namespace belfry::slack {

using nlohmann::json;
using testkit::FakeHost;
using testkit::Request;
using testkit::Response;

// The plugin under test.
inline const belfry_plugin_entry* entry() {
  return testkit::load_plugin(std::filesystem::path(std::getenv("BELFRY_BUILD_DIR")) / "plugins/slack.so");
}

// The number of requests of a method.
inline std::size_t requests_of(const FakeHost& host, std::string_view method) {
  return static_cast<std::size_t>(std::ranges::count_if(host.requests(), [&](const Request& r) { return r.url.contains(method); }));
}

// Slack refuses the call with an error code.
inline Response error_response(const std::string& code, const json& more = json::object()) {
  json answer = {{"ok", false}, {"error", code}};
  answer.update(more);
  return Response::json(200, answer);
}

class SinkFixture : public testing::Test {
 protected:
  static Response ok(json more) {
    more["ok"] = true;
    return Response::json(200, more);
  }

  void begin(const json& more = json::object()) {
    json config = {{"bot_token", "xoxb-secret-token"}};
    config.update(more);
    ASSERT_TRUE(host.configure(config));
    ASSERT_TRUE(host.start());
    host.on("GET", "users.lookupByEmail", ok({{"user", {{"id", "U1"}}}}));
    host.on("POST", "chat.postMessage", [this](const Request& request) {
      const std::string channel = request.json()["channel"];
      return ok({{"channel", channel == "U1" ? "D1" : channel}, {"ts", "1767225600.00000" + std::to_string(++posted)}});
    });
    host.on("POST", "chat.update",
            [](const Request& request) { return ok({{"channel", request.json()["channel"]}, {"ts", request.json()["ts"]}}); });
  }
  // The arguments of each call of a method, in order; for a GET its URL.
  std::vector<json> calls(std::string_view method) const {
    std::vector<json> all;
    for (const Request& request : host.requests()) {
      if (request.url.contains(method)) all.push_back(request.safe() ? json(request.url) : request.json());
    }
    return all;
  }
  void TearDown() override { EXPECT_THAT(host.violations(), testing::IsEmpty()); }

  FakeHost host{entry()};
  int posted = 0;
};

}  // namespace belfry::slack
