// The example plugins in C and C++, loaded from their libraries as the gateway loads them.
#include <belfry/testkit/conformance.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace belfry::testkit {
namespace {

std::filesystem::path built(const char* name) { return std::filesystem::path(std::getenv("BELFRY_BUILD_DIR")) / "examples" / name; }

struct CppExample {
  static const belfry_plugin_entry* entry() { return load_plugin(built("sink_cpp.so")); }
  static nlohmann::json config() { return {{"url", "https://example.com/hook"}, {"token", "hunter2-hunter2"}}; }
  static std::vector<BadConfig> bad_configs() {
    return {{nlohmann::json::object(), "/url"},
            {{{"url", "ftp://example.com"}}, "/url"},
            {{{"url", "https://example.com"}, {"timeout", "soon"}}, "/timeout"},
            {{{"url", "https://example.com"}, {"timeout", "1ms"}}, "/timeout"},
            {{{"url", "http://example.com"}, {"token", "hunter2"}}, "/url"}};
  }
  static void script_success(FakeHost& host) { host.on("POST", "https://example.com/hook", Response::of(204)); }
};
BELFRY_CONFORMANCE(CppExample, CppExample);

struct CExample {
  static const belfry_plugin_entry* entry() { return load_plugin(built("sink_c.so")); }
  static nlohmann::json config() { return {{"path", (std::filesystem::temp_directory_path() / "belfry-sink-c.txt").string()}}; }
  static std::vector<BadConfig> bad_configs() { return {{{{"path", "relative"}}, "/path"}, {nlohmann::json::object(), "/path"}}; }
  static void script_success(FakeHost&) {}
};
BELFRY_CONFORMANCE(CExample, CExample);

TEST(CppExampleTest, PostsItemsAndKeepsTheTokenToItself) {
  FakeHost host(CppExample::entry());
  ASSERT_TRUE(host.configure(CppExample::config()));
  ASSERT_TRUE(host.start());
  CppExample::script_success(host);
  const auto outcome = host.deliver_and_settle(digest(2));
  EXPECT_EQ(outcome.receipt, nlohmann::json({{"url", "https://example.com/hook"}}));
  ASSERT_EQ(host.requests().size(), 1U);
  const auto& request = host.requests().front();
  EXPECT_EQ(request.header("authorization"), "Bearer hunter2-hunter2");
  EXPECT_EQ(request.header("Idempotency-Key"), request.json().at("id").get<std::string>());
  EXPECT_EQ(request.json().at("messages").size(), 2U);
  EXPECT_EQ(request.timeout, std::chrono::seconds(5));
  EXPECT_THAT(host.violations(), testing::IsEmpty());
}

TEST(CppExampleTest, RendersWithTheTokenMasked) {
  FakeHost host(CppExample::entry());
  ASSERT_TRUE(host.configure(CppExample::config()));
  const auto rendered = host.render(notification());
  ASSERT_TRUE(rendered);
  EXPECT_EQ(rendered->at(0).at("headers").at("Authorization"), "Bearer ***");
  EXPECT_EQ(rendered->dump().find("hunter2"), std::string::npos);
}

TEST(CppExampleTest, RequiresHttp) {
  FakeHost host(CppExample::entry());
  ASSERT_EQ(host.descriptor().service_count, 1U);
  EXPECT_EQ(sdk::detail::view(host.descriptor().services[0]), BELFRY_HOST_HTTP_CLIENT_1) << "a gateway without it refuses the type";
  EXPECT_EQ(host.descriptor().access, 0U);
}

TEST(CExampleTest, DeclaresOffloadAndFiles) {
  FakeHost host(CExample::entry());
  ASSERT_EQ(host.descriptor().service_count, 1U);
  EXPECT_EQ(sdk::detail::view(host.descriptor().services[0]), BELFRY_HOST_OFFLOAD_1);
  EXPECT_EQ(host.descriptor().access, BELFRY_ACCESS_FILES);
}

TEST(CExampleTest, WritesOneLineAMessage) {
  const std::string path = CExample::config()["path"];
  std::filesystem::remove(path);
  FakeHost host(CExample::entry());
  ASSERT_TRUE(host.configure({{"path", path}}));
  ASSERT_TRUE(host.start());
  auto document = notification();
  document["items"][0]["body"] = "two\nlines";
  EXPECT_EQ(host.deliver_and_settle(document).code, Outcome::Code::delivered);
  EXPECT_EQ(host.deliver_and_settle(digest(3)).code, Outcome::Code::delivered);
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(nlohmann::json::parse(lines[0]).at("items").at(0).at("body"), "two\nlines");
  EXPECT_EQ(nlohmann::json::parse(lines[1]).at("kind"), "digest");
}

TEST(CExampleTest, StartNamesTheFileItCannotOpen) {
  FakeHost host(CExample::entry());
  ASSERT_TRUE(host.configure({{"path", "/nonexistent/dir/file"}}));
  const auto started = host.start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error(), "cannot open /nonexistent/dir/file: No such file or directory");
}

TEST(CExampleTest, FullDiskIsARetry) {
  FakeHost host(CExample::entry());
  ASSERT_TRUE(host.configure({{"path", "/dev/full"}}));
  ASSERT_TRUE(host.start());
  const auto outcome = host.deliver_and_settle(notification());
  EXPECT_EQ(outcome.code, Outcome::Code::retry);
  EXPECT_EQ(outcome.reason, "write_failed");
}

}  // namespace
}  // namespace belfry::testkit
