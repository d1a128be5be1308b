// Matching of hosts against a list like $NO_PROXY, including the cases of curl's own test (unit1614).
#include "net/client/proxy.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace belfry::net {
namespace {

struct Case {
  const char* list;
  const char* host;
  bool excepted;
  const char* port = "443";
};

void expect(const std::vector<Case>& cases) {
  for (const auto& c : cases)
    EXPECT_EQ(matches_no_proxy(c.list, c.host, c.port), c.excepted) << "\"" << c.list << "\" and " << c.host << ":" << c.port;
}

TEST(NoProxy, NamesStandForThemselvesAndWhatIsBelowThem) {
  expect({
      {"example.com", "example.com", true},
      {"example.com", "www.example.com", true},
      {"example.com", "a.b.example.com", true},
      {".example.com", "example.com", true},
      {".example.com", "www.example.com", true},
      {"*.example.com", "www.example.com", true},
      {"EXAMPLE.com", "www.example.COM", true},
      {"example.com.", "www.example.com", true},
      {"example.com", "www.example.com.", true},
      {"example.com", "notexample.com", false},
      {"example.com", "example.com.evil.test", false},
      {"example.com", "com", false},
      {"www.example.com", "example.com", false},
      {"example.*", "example.com", false},
      {".", "example.com", false},
      {"*.", "example.com", false},
      {"", "example.com", false},
      {"example.com", "", false},
      {"com", "example.com", true},
  });
}

TEST(NoProxy, ListsAreSeparatedByCommasAndBlanks) {
  expect({
      {"a.test,example.com", "example.com", true},
      {"a.test, example.com", "example.com", true},
      {" \t,,a.test example.com ", "example.com", true},
      {"a.test b.test\texample.com", "example.com", true},
      {"a.test,b.test", "example.com", false},
      {",", "example.com", false},
      {"a.testexample.com", "example.com", false},
      {"a.test;example.com", "example.com", false},
      {"*", "example.com", true},
      {"a.test, *", "192.0.2.1", true},
  });
}

TEST(NoProxy, AddressesAndNetworksStandForAddresses) {
  expect({
      {"192.0.2.1", "192.0.2.1", true},
      {"192.0.2.1", "192.0.2.10", false},
      {"2.1", "192.0.2.1", false},
      {".2.1", "192.0.2.1", false},
      {"192.0.2.0/24", "192.0.2.255", true},
      {"192.0.2.0/24", "192.0.3.0", false},
      {"192.0.2.128/25", "192.0.2.127", false},
      {"192.0.2.130/25", "192.0.2.129", true},
      {"192.0.2.1/32", "192.0.2.1", true},
      {"192.0.2.1/32", "192.0.2.0", false},
      {"10.0.0.0/0", "192.0.2.1", true},
      {"192.0.2.0/33", "192.0.2.1", false},
      {"192.0.2.0/", "192.0.2.0", false},
      {"192.0.2.0/-1", "192.0.2.0", false},
      {"192.0.2.0/2x", "192.0.2.0", false},
      {"192.0.2.0/99999999999", "192.0.2.0", false},
      {"192.0.2", "192.0.2.1", false},
      {"::1", "::1", true},
      {"[::1]", "::1", true},
      {"0:0::1", "::1", true},
      {"fd00::/8", "fd12::1", true},
      {"fd00::/8", "fe12::1", false},
      {"::1/128", "::1", true},
      {"::/129", "::1", false},
      {"0.0.0.0/0", "::1", false},
      {"::/0", "192.0.2.1", false},
      {"10.0.0.0/8", "ten.test", false},
      {"[::1", "::1", false},
      {"[]", "example.com", false},
  });
}

TEST(NoProxy, APortLimitsAnEntry) {
  expect({
      {"example.com:443", "example.com", true},
      {"example.com:443", "www.example.com", true},
      {"example.com:8443", "example.com", false},
      {"example.com:8443", "example.com", true, "8443"},
      {"192.0.2.1:80", "192.0.2.1", false},
      {"192.0.2.1:80", "192.0.2.1", true, "80"},
      {"[::1]:443", "::1", true},
      {"[::1]:80", "::1", false},
      {"*:80", "example.com", false},
      {"example.com:", "example.com", true},
      {"example.com:https", "example.com", false},
  });
}

TEST(NoProxy, AHostileListEnds) {
  expect({{std::string(100'000, ',').c_str(), "example.com", false}, {std::string(100'000, 'a').c_str(), "example.com", false}});
  EXPECT_FALSE(matches_no_proxy(std::string_view("a\0b,\0", 5), "b", "1"));
}

TEST(ProxyRules, GoByTheScheme) {
  const ProxyRules rules{Proxy{"secure", "1", {}}, Proxy{"plain", "2", {}}, "direct.test"};
  EXPECT_EQ(rules.find(true, "slack.com", "443")->host, "secure");
  EXPECT_EQ(rules.find(false, "slack.com", "80")->host, "plain");
  EXPECT_EQ(rules.find(true, "direct.test", "443"), nullptr);
  EXPECT_EQ(ProxyRules{}.find(true, "slack.com", "443"), nullptr);
}

TEST(Proxy, IsNamedWithoutItsCredentials) {
  EXPECT_EQ((Proxy{"proxy", "3128", base::Secret("user:secret")}.text()), "http://proxy:3128");
  EXPECT_EQ((Proxy{"::1", "3128", {}}.text()), "http://[::1]:3128");
}

}  // namespace
}  // namespace belfry::net
