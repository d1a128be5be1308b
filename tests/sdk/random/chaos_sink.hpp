// A sink whose tasks do something random at every step: requests of every kind, waits on each other, detached tasks, exceptions. All
// of it is within the contract of the C++ interface, so the test kit must not report a violation, and nothing may be left alive.
#pragma once
#include <belfry/sdk.hpp>
#include <memory>
#include <random>
#include <stdexcept>

namespace belfry::testkit {

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  // 0 .. below - 1
  std::size_t below(std::size_t limit) { return static_cast<std::size_t>(engine_() % limit); }
  bool one_in(std::size_t count) { return below(count) == 0; }
  std::uint64_t seed() { return engine_(); }

 private:
  std::mt19937_64 engine_;
};

class ChaosSink final : public Sink, public Inbound, public Reconciles, public Renders, public ChecksOnline {
 public:
  static inline std::uint64_t seed = 0;  // of the next sink
  static inline int alive = 0;           // sinks, and frames of their tasks

  ChaosSink();
  ~ChaosSink() override;

  Findings configure(const Config& config) override;
  std::expected<void, std::string> start() override;
  Task<Outcome> deliver(Message message) override;
  Task<> stop() override;
  std::vector<InboundRoute> routes() const override { return {{"POST", "/chaos"}}; }
  Verification verify(const InboundRequest& request) override;
  Task<InboundReply> handle(InboundRequest request) override;
  Task<ReconcileResult> reconcile(Message message) override;
  std::expected<nlohmann::json, std::string> render(const Message& message) const override;
  Task<Findings> check_online() override;

 private:
  // A few random steps. `depth` bounds the tree of tasks.
  Task<> act(std::size_t depth);
  Task<> step(std::size_t depth);
  Task<> request();
  Task<> use_kv();
  Task<> use_socket();
  Task<> use_wakeup();
  Task<> offload_work();
  Task<std::string> look_up(std::size_t depth);
  [[noreturn]] void fail();

  Random random_;
  Secret secret_;
  Signal signal_;
  SingleFlight<std::string, std::string> flights_;
  std::vector<WebSocketConnection> sockets_;
  std::vector<std::unique_ptr<Wakeup>> wakeups_;
};

// The same for blocking code.
class ChaosBlockingSink final : public BlockingSink {
 public:
  Findings configure(const Config& config) override;
  Outcome deliver(Message message) override;
  [[nodiscard]] std::size_t concurrency() const override { return 2; }

 private:
  Secret secret_;
};

[[nodiscard]] const belfry_plugin_entry* chaos_entry();
[[nodiscard]] const belfry_plugin_entry* chaos_blocking_entry();

}  // namespace belfry::testkit
