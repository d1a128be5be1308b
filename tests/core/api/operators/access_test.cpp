#include "api/operators/access.hpp"

#include <gtest/gtest.h>

namespace belfry::api {
namespace {

AccessRules two_tokens() {
  return {
      base::Secret("common-token"), {{"alice", base::Secret("alices-token")}, {"bob", base::Secret("bobs-token")}}, {"belfry.example.com"}};
}

net::ServerRequest over_tcp(const std::string& host, const std::string& token = "alices-token", const std::string& origin = {}) {
  net::ServerRequest request;
  request.remote = "127.0.0.1:5000";
  if (!host.empty()) request.headers.add("Host", host);
  if (!token.empty()) request.headers.add("Authorization", "Bearer " + token);
  if (!origin.empty()) request.headers.add("Origin", origin);
  return request;
}

int status_of(const std::optional<net::ServerResponse>& refused) { return refused ? refused->status : 0; }

TEST(Access, OverTcpTheHostMustBeThisGateway) {
  const Access access(two_tokens());
  for (const auto* host : {"127.0.0.1:9664", "127.0.0.1", "[::1]:9664", "[fd00::1]", "localhost:9664", "LocalHost", "belfry.example.com",
                           "Belfry.Example.COM:9664"})
    EXPECT_EQ(status_of(access.refuse(over_tcp(host))), 0) << host;
  // A rebound DNS name: the address is the gateway's, the name is the attacker's.
  for (const auto* host :
       {"evil.example", "evil.example:9664", "belfry.example.com.evil.example", "127.0.0.1.evil.example", "localhost.evil", "", "0x7f.1",
        "[::1", "[evil]", ":9664", "[::1]evil.example", "127.0.0.1:evil.example", "localhost:80:90", "localhost:"}) {
    const auto refused = access.refuse(over_tcp(host));
    ASSERT_EQ(status_of(refused), 421) << host;
    EXPECT_NE(refused->body.find("admin.hosts"), std::string::npos) << refused->body;
  }
}

TEST(Access, APageOfAnotherSiteIsRefused) {
  const Access access(two_tokens());
  EXPECT_EQ(status_of(access.refuse(over_tcp("localhost:9664", "bobs-token", "http://localhost:9664"))), 0);
  EXPECT_EQ(status_of(access.refuse(over_tcp("belfry.example.com", "bobs-token", "https://belfry.example.com"))), 0);
  for (const auto* origin : {"https://evil.example", "null", "http://localhost", "http://localhost:9665", "localhost:9664", "http://",
                             "file://localhost:9664", "http://localhost:9664.evil.example"})
    EXPECT_EQ(status_of(access.refuse(over_tcp("localhost:9664", "bobs-token", origin))), 403) << origin;
}

TEST(Access, EachTokenNamesItsHolder) {
  const Access access(two_tokens());
  EXPECT_EQ(access.operator_of(over_tcp("localhost", "alices-token")), "token alice");
  EXPECT_EQ(access.operator_of(over_tcp("localhost", "bobs-token")), "token bob");
  EXPECT_EQ(access.operator_of(over_tcp("localhost", "common-token")), "token");
  for (const auto* wrong : {"", "alices-toke", "alices-tokens", "ALICES-TOKEN", "alice", " alices-token"}) {
    EXPECT_EQ(access.operator_of(over_tcp("localhost", wrong)), std::nullopt) << wrong;
    const auto refused = access.refuse(over_tcp("localhost", wrong));
    ASSERT_EQ(status_of(refused), 401) << wrong;
    EXPECT_TRUE(refused->headers.get("WWW-Authenticate"));
  }
  EXPECT_EQ(access.holder_of(""), std::nullopt);
  EXPECT_EQ(Access({}).holder_of(""), std::nullopt);
}

TEST(Access, NamedTokensWorkWithoutTheUnnamedOne) {
  const Access access({{}, {{"alice", base::Secret("alices-token")}}, {}});
  EXPECT_EQ(status_of(access.refuse(over_tcp("localhost"))), 0);
  EXPECT_EQ(status_of(access.refuse(over_tcp("localhost", ""))), 401);
}

TEST(Access, ATokenInTheUrlIsRefusedEvenIfItIsRight) {
  const Access access(two_tokens());
  for (const auto* query : {"token=alices-token", "state=dead&access_token=alices-token", "Token=", "%74oken=x", "access_token"}) {
    auto request = over_tcp("localhost");
    request.query = query;
    const auto refused = access.refuse(request);
    ASSERT_EQ(status_of(refused), 400) << query;
    EXPECT_EQ(refused->body.find("alices-token"), std::string::npos) << refused->body;
  }
  auto request = over_tcp("localhost");
  request.query = "to=token@example.com";
  EXPECT_EQ(status_of(access.refuse(request)), 0);
}

TEST(Access, WithoutTokensThereIsNothingOverTcp) {
  const Access access({});
  EXPECT_FALSE(access.has_token());
  EXPECT_EQ(status_of(access.refuse(over_tcp("localhost"))), 404);
  EXPECT_EQ(status_of(access.refuse(over_tcp("evil.example"))), 404);
}

TEST(Access, OnAUnixSocketThePeerIsTheOperator) {
  const Access access({});
  net::ServerRequest request;
  request.peer = net::Peer::unix_socket;
  request.headers.add("Host", "localhost");
  EXPECT_EQ(status_of(access.refuse(request)), 0);
  EXPECT_EQ(access.operator_of(request), "unknown user of the admin socket");
  request.peer_uid = 4'294'967'294U;
  EXPECT_EQ(access.operator_of(request), "uid 4294967294");
  request.peer_uid = 0;
  EXPECT_EQ(access.operator_of(request), "root (uid 0)");
}

TEST(Access, AForwardedUnixSocketIsNoWayInForOtherSites) {
  const Access access({});
  auto request = over_tcp("localhost:9664", "", "https://evil.example");
  request.peer = net::Peer::unix_socket;
  EXPECT_EQ(status_of(access.refuse(request)), 403);
  request = over_tcp("evil.example:9664", "");
  request.peer = net::Peer::unix_socket;
  EXPECT_EQ(status_of(access.refuse(request)), 421);
}

TEST(Access, AReloadReplacesTheRulesOfEveryTable) {
  Access access(two_tokens());
  const auto request = over_tcp("belfry.example.com");
  EXPECT_EQ(status_of(access.refuse(request)), 0);
  access.replace({{}, {{"bob", base::Secret("bobs-token")}}, {"belfry.example.com"}});
  EXPECT_EQ(status_of(access.refuse(request)), 401);
  EXPECT_EQ(access.operator_of(request), std::nullopt);
  EXPECT_EQ(status_of(access.refuse(over_tcp("belfry.example.com", "bobs-token"))), 0);
  access.replace({});
  EXPECT_FALSE(access.has_token());
  EXPECT_EQ(status_of(access.refuse(over_tcp("localhost", "bobs-token"))), 404);
}

TEST(Access, AHeaderThatDecidesOccursOnce) {
  const Access access(two_tokens());
  for (const auto* name : {"authorization", "Content-Type", "Cookie", "ORIGIN"}) {
    auto request = over_tcp("localhost");
    if (!net::equal_ignoring_case(name, "Authorization")) request.headers.add(name, "first");
    request.headers.add(name, "second");
    const auto refused = access.refuse(request);
    ASSERT_EQ(status_of(refused), 400) << name;
    EXPECT_NE(refused->body.find("send it once"), std::string::npos) << refused->body;
  }
}

TEST(Access, RefusalsAreOneSentenceForTheLog) {
  const Access access(two_tokens());
  const auto refused = access.refuse(over_tcp("evil\x1b[31m.example"));
  ASSERT_EQ(status_of(refused), 421);
  EXPECT_EQ(refused->why.find('\x1b'), std::string::npos) << refused->why;
  EXPECT_FALSE(refused->why.empty());
}

}  // namespace
}  // namespace belfry::api
