#include "cli/admin_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>

#include "base/ids.hpp"
#include "net/server/http_server.hpp"

namespace belfry::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;

// A gateway on a Unix socket or a TCP port that gives every request the same answer and records the requests.
class StubGateway {
 public:
  explicit StubGateway(const std::string& listen, int status = 200, std::string body = "{}", const std::string& path = "/api/v1/x")
      : router_({{path,
                  {.methods = {"GET", "POST", "PUT"},
                   .handler =
                       [this, status, body = std::move(body)](const net::ServerRequest& request, net::Reply reply) {
                         {
                           const std::lock_guard lock(mutex_);
                           requests_.push_back(request);
                         }
                         reply({.status = status, .headers = {}, .body = body});
                       }}}}),
        server_(runtime_, router_, {}, base::silent_logger()) {
    auto socket = server_.open({listen, {}});
    if (!socket) throw std::runtime_error(socket.error().message);
    std::vector<net::HttpServer::ListenSocket> sockets;
    sockets.push_back(std::move(*socket));
    server_.replace_listeners(std::move(sockets));
  }
  ~StubGateway() { server_.stop(); }
  StubGateway(const StubGateway&) = delete;
  StubGateway& operator=(const StubGateway&) = delete;

  [[nodiscard]] std::string address() const { return server_.addresses().front(); }
  [[nodiscard]] std::vector<net::ServerRequest> requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  std::mutex mutex_;
  std::vector<net::ServerRequest> requests_;
  net::Runtime runtime_{"test", 1, base::silent_logger()};
  net::Router router_;
  net::HttpServer server_;
};

class AdminClientTest : public testing::Test {
 protected:
  AdminClientTest() { std::filesystem::create_directories(directory_); }
  ~AdminClientTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }

  [[nodiscard]] std::string socket(const std::string& name) const { return "unix:" + (directory_ / name).string(); }
  [[nodiscard]] static GatewayAddresses at(std::vector<std::string> listen) {
    GatewayAddresses addresses;
    addresses.admin.listen = std::move(listen);
    return addresses;
  }

  std::filesystem::path directory_ = std::filesystem::temp_directory_path() / ("belfry-test-" + base::random_hex(6));
};

TEST_F(AdminClientTest, QueriesAreEncodedAndBodiesAreJson) {
  StubGateway gateway(socket("one"), 202, R"({"id":"1"})");
  AdminClient client(at({socket("one")}));
  const auto answer = client.call({.path = "/api/v1/x",
                                   .method = "POST",
                                   .query = {{"to", "a+b&c=d@example.com"}, {"empty", ""}, {"event", "Workspace \"x\" ü"}},
                                   .body = json{{"ids", {"1"}}}});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(*answer, json({{"id", "1"}}));
  const auto requests = gateway.requests();
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_EQ(requests[0].query, "to=a%2Bb%26c%3Dd%40example.com&event=Workspace%20%22x%22%20%C3%BC");
  EXPECT_EQ(requests[0].body, R"({"ids":["1"]})");
  EXPECT_EQ(requests[0].headers.get("Content-Type"), "application/json");
}

TEST_F(AdminClientTest, AnIdCannotChangeThePath) {
  EXPECT_EQ(percent_encoded("../status?x=#"), "..%2Fstatus%3Fx%3D%23");
  EXPECT_EQ(percent_encoded("0198c1de-0000-7000-8000-000000000001"), "0198c1de-0000-7000-8000-000000000001");
}

TEST_F(AdminClientTest, AnErrorDocumentBecomesItsSentence) {
  using enum base::ErrorCode;
  for (const auto& [status, code] : std::vector<std::pair<int, base::ErrorCode>>{
           {400, invalid}, {404, not_found}, {409, failed}, {413, invalid}, {422, failed}, {503, failed}}) {
    StubGateway gateway(socket("one"), status, R"({"error": "state is \"x\"; write dead"})");
    EXPECT_EQ(call_gateway(at({socket("one")}), {"/api/v1/x"}).error(), (base::Error{code, "state is \"x\"; write dead"})) << status;
  }
}

TEST_F(AdminClientTest, ResultsOfAConflictAreResults) {
  for (const int status : {409, 422}) {
    StubGateway gateway(socket("one"), status, R"({"changed": [], "unchanged": []})");
    EXPECT_TRUE(call_gateway(at({socket("one")}), {"/api/v1/x"})) << status;
  }
}

TEST_F(AdminClientTest, ARequestThatAGatewayHasHandledIsNotRepeatedElsewhere) {
  StubGateway first(socket("first"), 409, R"({"error": "job 7 is running"})");
  StubGateway second(socket("second"));
  const auto answer = call_gateway(at({socket("first"), socket("second")}), {.path = "/api/v1/x", .method = "POST"});
  EXPECT_EQ(answer.error().message, "job 7 is running");
  EXPECT_TRUE(second.requests().empty());
}

TEST_F(AdminClientTest, AnAddressWithoutTheApiIsNotTheLast) {
  // Over TCP without a token there is no API.
  StubGateway tcp("127.0.0.1:0", 404, R"({"error": "set admin.token"})");
  auto addresses = at({tcp.address()});
  EXPECT_THAT(call_gateway(addresses, {"/api/v1/x"}).error().message, HasSubstr("answered 404: set admin.token"));
  StubGateway local(socket("well-known"), 200, R"({"found": true})");
  addresses.sockets = {socket("well-known")};
  EXPECT_EQ(call_gateway(addresses, {"/api/v1/x"}).value(), json({{"found", true}}));
}

TEST_F(AdminClientTest, WithoutAGatewayTheErrorIsUnavailable) {
  const auto answer = call_gateway(at({socket("none")}), {"/api/v1/x"});
  EXPECT_EQ(answer.error().code, base::ErrorCode::unavailable);
  EXPECT_THAT(answer.error().message, HasSubstr("no gateway answers"));
}

TEST_F(AdminClientTest, OneClientSurvivesARestartOfTheGateway) {
  AdminClient client(at({socket("one")}));
  {
    StubGateway gateway(socket("one"));
    EXPECT_TRUE(client.call({"/api/v1/x"}));
  }
  EXPECT_EQ(client.call({"/api/v1/x"}).error().code, base::ErrorCode::unavailable);
  StubGateway again(socket("one"));
  EXPECT_TRUE(client.call({"/api/v1/x"}));
}

}  // namespace
}  // namespace belfry::cli
