// A sink whose deliver() is set by the test.
#pragma once
#include <gtest/gtest.h>

#include <belfry/testkit/fake_host.hpp>
#include <stdexcept>

namespace belfry::testkit {

class Probe final : public Sink {
 public:
  using Deliver = Task<Outcome> (*)(Probe&, Message);
  static inline Deliver behaviour = nullptr;
  static inline void (*on_start)(Probe&) = nullptr;
  static inline Task<> (*on_stop)(Probe&) = nullptr;

  Findings configure(const Config& config) override {
    secret = config.secret("secret");
    stale = config.secret("stale");
    return {};
  }
  std::expected<void, std::string> start() override {
    if (on_start != nullptr) on_start(*this);
    return {};
  }
  Task<Outcome> deliver(Message message) override { return behaviour(*this, std::move(message)); }
  Task<> stop() override { return on_stop != nullptr ? on_stop(*this) : SinkBase::stop(); }

  using Sink::clock;
  using Sink::http;
  using Sink::kv;
  using Sink::log;
  using Sink::metrics;
  using Sink::offload;
  using Sink::rate_limit;
  using Sink::recipients;
  using Sink::services;
  using Sink::spawn;
  using Sink::websocket;

  Secret secret;
  Secret stale;  // a reference without a secret in the host
  Signal signal;
  SingleFlight<std::string, std::string> flights;
  int alive = 0;  // live Guards
};

// Adds 1 to `count` while it lives, so that a test can see whether a coroutine frame has been destroyed.
class Guard {
 public:
  explicit Guard(int& count) : count_(count) { ++count_; }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;
  ~Guard() { --count_; }

 private:
  int& count_;
};

constexpr sdk::PluginInfo kProbeInfo{.type = "probe",
                                     .config_schema_json = R"({"type":"object","properties":{
      "secret":{"type":"string","x-secret":true,"x-account":true,"default":"correct-horse"},"stale":{"type":"string"}}})",
                                     .optional_services = {BELFRY_HOST_HTTP_CLIENT_1, BELFRY_HOST_WEBSOCKET_1, BELFRY_HOST_KV_1,
                                                           BELFRY_HOST_RATE_LIMIT_1, BELFRY_HOST_OFFLOAD_1, BELFRY_HOST_RECIPIENTS_1}};

// A started host for a Probe. Probe keeps its behaviour in statics: one test at a time.
class ProbeTest : public testing::Test {
 protected:
  ~ProbeTest() override {
    Probe::behaviour = nullptr;
    Probe::on_start = nullptr;
    Probe::on_stop = nullptr;
  }
  FakeHost& host(Probe::Deliver behaviour) {
    Probe::behaviour = behaviour;
    if (!host_.configure({{"stale", "secret:gone"}})) throw std::logic_error("configure");
    if (const auto started = host_.start(); !started) throw std::logic_error(started.error());
    return host_;
  }
  FakeHost host_{sdk::detail::Entry<Probe, kProbeInfo>::table()};
};

}  // namespace belfry::testkit
