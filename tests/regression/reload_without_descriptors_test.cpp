// A reload that runs out of descriptors, at each one that it needs: files, pipes, child processes, listeners. Whether it ends with an error
// or an exception, the gateway runs with the configuration that the result reports: a refused one has changed nothing.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>

#include "app/app.hpp"
#include "config/load.hpp"
#include "core/net/raw_socket.hpp"
#include "support/plugin_rig.hpp"

namespace belfry::app {
namespace {

namespace fs = std::filesystem;
using net::test::RawSocket;

// Uses two configurations that differ in everything that a reload replaces: the listener, the source, the sink, its route, the token.
class ReloadRefusedTest : public ::testing::Test {
 protected:
  ReloadRefusedTest() {
    const char* build = std::getenv("BELFRY_BUILD_DIR");  // NOLINT(concurrency-mt-unsafe)
    fs::copy_file(fs::path(build == nullptr ? "." : build) / "hostile" / "sleeps.so", plugins_.path() / "sleeps.so");
    fs::permissions(plugins_.path() / "sleeps.so", fs::perms::owner_all);
  }

  [[nodiscard]] std::string socket_of(const std::string& name) const { return "unix:" + (state_.path() / (name + ".sock")).string(); }

  [[nodiscard]] config::LoadResult configuration(const std::string& name) const {
    const std::string text =
        "version: 1\nserver: { listen: \"" + address_ + "\", threads: 1 }\nadmin: { listen: [\"" + socket_of("admin") + "\", \"" +
        socket_of(name) + "\"] }\nstore: { path: " + (state_.path() / "belfry.db").string() + " }\nplugins: { directories: [" +
        plugins_.path().string() + "] }\nsources: { coder: { path: /" + name + " } }\nsinks: { " + name +
        ": { plugin: hostile, config: { sleep_ms: 1 } } }\npipeline: { routes: [{ name: all, to: [" + name + "] }] }\n";
    return config::load_text(text, (state_.path() / "belfry.yaml").string(), {[](const std::string&) { return std::nullopt; }});
  }

  static std::string ask(const std::string& address, const std::string& method, const std::string& path, const std::string& body = "") {
    try {
      auto socket = RawSocket::connect(address);
      socket.send(method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) +
                  "\r\nConnection: close\r\n\r\n" + body);
      return socket.read_to_end();
    } catch (const std::exception& e) {
      return e.what();
    }
  }

  // The configuration in use, as seen from outside, for each thing that a reload replaces.
  [[nodiscard]] std::string in_use() const {
    std::string seen;
    for (const std::string name : {"one", "two"}) {
      if (ask(address_, "GET", "/" + name).starts_with("HTTP/1.1 405")) seen += "source " + name + "; ";
      if (ask(socket_of(name), "GET", "/healthz").starts_with("HTTP/1.1 200")) seen += "listener " + name + "; ";
      if (ask(socket_of("admin"), "GET", "/api/v1/status").find("\"name\":\"" + name + "\"") != std::string::npos)
        seen += "sink " + name + "; ";
      if (!ask(socket_of("admin"), "POST", "/api/v1/sinks/" + name + "/release").starts_with("HTTP/1.1 404"))
        seen += "route " + name + "; ";
    }
    return seen;
  }
  static std::string all_of(const std::string& name) {
    return "source " + name + "; listener " + name + "; sink " + name + "; route " + name + "; ";
  }

  enum class End { taken, refused, threw };
  End reload(const std::string& name) {
    auto loaded = configuration(name);
    try {
      return app_->reload(std::move(loaded)).applied ? End::taken : End::refused;
    } catch (const std::exception&) {
      return End::threw;
    }
  }

  // Reloads with `left` free descriptors. Child processes have their own.
  End reload_with(const std::string& name, std::size_t left) {
    rlimit usual{};
    ::getrlimit(RLIMIT_NOFILE, &usual);
    const rlimit scarce{std::min<rlim_t>(512, usual.rlim_max), usual.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &scarce);
    std::vector<int> taken;
    for (int one = 0; (one = ::open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0;) taken.push_back(one);
    const auto give_back = [&](std::size_t count) {
      for (; count > 0 && !taken.empty(); --count) {
        ::close(taken.back());
        taken.pop_back();
      }
    };
    give_back(left);
    const auto end = reload(name);
    give_back(taken.size());
    ::setrlimit(RLIMIT_NOFILE, &usual);
    return end;
  }

  testing::PrivateDirectory plugins_, state_;
  testing::LogLines lines_;
  std::shared_ptr<base::Scrubber> scrubber_ = std::make_shared<base::Scrubber>();
  base::Logger log_{base::LogLevel::info, scrubber_, [this](base::LogLevel, const std::string& line) { lines_.add(line); }};
  const std::string address_ = "127.0.0.1:" + std::to_string(20'000 + ::getpid() % 10'000);
  std::unique_ptr<App> app_;
};

TEST_F(ReloadRefusedTest, TheVerdictSaysWhatIsInUse) {
  auto first = configuration("one");
  ASSERT_TRUE(first.settings) << first.problems.front().text;
  auto app = App::start(std::move(*first.settings), {scrubber_, std::make_shared<ReloadReport>(), [](auto) {}}, log_);
  ASSERT_TRUE(app) << app.error().message;
  app_ = std::move(*app);
  ASSERT_EQ(in_use(), all_of("one"));
  ASSERT_EQ(reload("two"), End::taken) << lines_.all();
  ASSERT_EQ(in_use(), all_of("two"));
  ASSERT_EQ(reload("one"), End::taken);

  constexpr std::size_t kMaxDescriptors = 100;
  int refused = 0, threw = 0;
  auto end = End::refused;
  for (std::size_t left = 0; left < kMaxDescriptors && end != End::taken; ++left) {
    SCOPED_TRACE(std::to_string(left) + " descriptors");
    end = reload_with("two", left);
    refused += end == End::refused ? 1 : 0;
    threw += end == End::threw ? 1 : 0;
    ASSERT_EQ(in_use(), all_of(end == End::taken ? "two" : "one"));
  }
  EXPECT_EQ(end, End::taken) << "as soon as there are enough";
  std::cout << refused << " reloads were refused, " << threw << " threw\n";
  EXPECT_GT(refused + threw, 4);
  EXPECT_EQ(reload("one"), End::taken);
  EXPECT_EQ(in_use(), all_of("one"));
  app_->stop();
}

}  // namespace
}  // namespace belfry::app
