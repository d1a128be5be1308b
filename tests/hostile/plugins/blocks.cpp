// A sink that blocks for as long as configured, and records each delivery that it makes in a file. A request to it blocks its strand until
// the file "FILE.free" exists.
#include <belfry/sdk.hpp>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

namespace {

using namespace belfry;

class Blocks final : public BlockingSink, public Inbound {
 public:
  Findings configure(const Config& config) override {
    file_ = config.string("file");
    work_ = Millis(config.integer("work_ms"));
    concurrency_ = static_cast<std::size_t>(config.integer("concurrency"));
    return {};
  }
  [[nodiscard]] std::size_t concurrency() const override { return concurrency_; }

  Outcome deliver(Message message) override {
    const auto left = message.deadline() - clock().monotonic();
    std::this_thread::sleep_for(work_);
    // A single write, so that lines of several threads do not mix.
    const std::string line =
        message.delivery_id() + (message.possible_duplicate() ? " again" : "") + " " + std::to_string(left.count()) + "\n";
    std::ofstream(file_, std::ios::app) << line << std::flush;
    return Outcome::delivered();
  }

  [[nodiscard]] std::vector<InboundRoute> routes() const override { return {{"POST", "/hostile/blocks"}}; }
  [[nodiscard]] Verification verify(const InboundRequest&) override {
    while (!std::filesystem::exists(file_ + ".free")) std::this_thread::sleep_for(Millis(1));
    return Verification::refuse();
  }
  Task<InboundReply> handle(InboundRequest) override { co_return InboundReply{}; }

 private:
  std::string file_;
  Millis work_{0};
  std::size_t concurrency_ = 1;
};

constexpr const char* kSchema = R"({"type": "object", "properties": {
  "file": {"type": "string"}, "work_ms": {"type": "integer", "default": 0}, "concurrency": {"type": "integer", "default": 1}}})";

}  // namespace

BELFRY_PLUGIN(Blocks, "hostile", kSchema, .title = "A blocking sink for tests", .version = "1.0", .license = "MIT")
