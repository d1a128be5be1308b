// Blocks in the call itself for as long as configured, which a plugin must not do.
#include <belfry/sdk.hpp>

#include <chrono>
#include <thread>

namespace {

using namespace belfry;

class Sleeps final : public Sink {
 public:
  Findings configure(const Config& config) override {
    sleep_ = Millis(config.integer("sleep_ms"));
    return {};
  }
  Task<Outcome> deliver(Message) override {
    std::this_thread::sleep_for(sleep_);
    co_return Outcome::delivered();
  }

 private:
  Millis sleep_{0};
};

constexpr const char* kSchema = R"({"type": "object", "properties": {"sleep_ms": {"type": "integer", "default": 0}}})";

}  // namespace

BELFRY_PLUGIN(Sleeps, "hostile", kSchema, .title = "A sink that sleeps, for tests", .version = "1.0", .license = "MIT")
