#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "belfry/testkit/conformance.hpp"

namespace belfry::console {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;
using testkit::FakeHost;

const belfry_plugin_entry* entry() {
  return testkit::load_plugin(std::filesystem::path(std::getenv("BELFRY_BUILD_DIR")) / "plugins/console.so");
}

// Redirects standard output to a pipe during its lifetime.
class Captured {
 public:
  Captured() {
    EXPECT_EQ(::pipe2(pipe_.data(), O_CLOEXEC), 0);
    ::dup2(pipe_[1], STDOUT_FILENO);
    ::close(pipe_[1]);
  }
  ~Captured() {
    restore();
    if (pipe_[0] >= 0) ::close(pipe_[0]);
  }

  void close_reader() {
    ::close(pipe_[0]);
    pipe_[0] = -1;
  }
  // The text written so far; at most the pipe's capacity (64 KiB).
  std::string text() {
    restore();
    std::string out;
    std::array<char, 4096> part{};
    for (ssize_t n = 0; (n = ::read(pipe_[0], part.data(), part.size())) > 0;) out.append(part.data(), static_cast<std::size_t>(n));
    return out;
  }

 private:
  void restore() {
    if (saved_ < 0) return;
    ::dup2(saved_, STDOUT_FILENO);
    ::close(saved_);
    saved_ = -1;
  }

  int saved_ = ::dup(STDOUT_FILENO);
  std::array<int, 2> pipe_{};
};

class ConsoleSinkTest : public testing::Test {
 protected:
  void begin(const json& config = json::object()) {
    ASSERT_TRUE(host.configure(config));
    ASSERT_TRUE(host.start());
  }
  void TearDown() override { EXPECT_THAT(host.violations(), IsEmpty()); }

  FakeHost host{entry()};
};

TEST_F(ConsoleSinkTest, Prints) {
  begin();
  Captured output;
  EXPECT_EQ(host.deliver_and_settle(testkit::notification()).code, Outcome::Code::delivered);
  EXPECT_THAT(output.text(), HasSubstr("To bobby@coder.com"));
}

TEST_F(ConsoleSinkTest, PrintsJson) {
  begin({{"format", "json"}});
  Captured output;
  EXPECT_EQ(host.deliver_and_settle(testkit::notification()).code, Outcome::Code::delivered);
  EXPECT_EQ(json::parse(output.text()), testkit::notification());
}

TEST_F(ConsoleSinkTest, AClosedPipeIsRetried) {
  std::signal(SIGPIPE, SIG_IGN);
  begin();
  Captured output;
  output.close_reader();
  const Outcome outcome = host.deliver_and_settle(testkit::notification());
  EXPECT_EQ(outcome.code, Outcome::Code::retry);
  EXPECT_EQ(outcome.reason, "write_failed");
  EXPECT_FALSE(outcome.ambiguous);
}

TEST_F(ConsoleSinkTest, SensitiveTextDoesNotGoToASharedPlace) {
  begin();
  json document = testkit::shared_notification("x");
  document["sensitive"] = true;
  EXPECT_EQ(host.deliver_and_settle(document).reason, "sensitive_to_shared");
}

TEST_F(ConsoleSinkTest, RefusesAnotherFormat) {
  const auto configured = host.configure({{"format", "xml"}});
  ASSERT_FALSE(configured);
  EXPECT_EQ(configured.error().front().pointer, "/format");
}

TEST_F(ConsoleSinkTest, RendersWhatItWouldPrint) {
  ASSERT_TRUE(host.configure(json::object()));
  const auto rendered = host.render(testkit::notification());
  ASSERT_TRUE(rendered);
  EXPECT_THAT((*rendered)[0]["body"].get<std::string>(), HasSubstr("To bobby@coder.com"));
}

struct ConsoleFixture {
  static const belfry_plugin_entry* entry() { return console::entry(); }
  static json config() { return {{"format", "json"}}; }
  static std::vector<testkit::BadConfig> bad_configs() { return {{{{"format", 7}}, "/format"}}; }
  static void script_success(FakeHost&) {}
};

}  // namespace
}  // namespace belfry::console

namespace belfry::testkit {
BELFRY_CONFORMANCE(Console, console::ConsoleFixture);
}  // namespace belfry::testkit
