#include "config/sections/proxy.hpp"

#include "core/config/support.hpp"

namespace belfry::config {
namespace {

using ::testing::HasSubstr;
using Variables = std::map<std::string, std::string>;

std::string described(const std::optional<ProxySettings>& proxy) {
  return proxy ? proxy->host + " " + proxy->port + " " + proxy->credentials.reveal() : "none";
}

TransportSettings transport(const std::string& http, Variables variables = {}) {
  variables["HOME"] = "/home/belfry";
  const auto loaded = test::load(test::with_sink("{ plugin: slack" + http + " }"), test::environment(variables));
  EXPECT_EQ(test::lines(loaded), "");
  return loaded.settings ? loaded.settings->sinks[0].http : TransportSettings{};
}

TEST(ParseProxy, TakesWhatAnHttpProxyIsWrittenAs) {
  const std::vector<std::pair<const char*, const char*>> cases{
      {"http://proxy:3128", "proxy 3128 "},
      {"HTTP://proxy.example.com:3128/", "proxy.example.com 3128 "},
      {"http://proxy", "proxy 80 "},
      {"proxy:3128", "proxy 3128 "},
      {"http://192.0.2.1:3128", "192.0.2.1 3128 "},
      {"http://[fd00::1]:3128", "fd00::1 3128 "},
      {"http://[::1]", "::1 80 "},
      {"http://user:secret@proxy:3128", "proxy 3128 user:secret"},
      {"http://user@proxy:3128", "proxy 3128 user:"},
      {"http://user:p%40ss%3Aw%2Frd%25@proxy:3128", "proxy 3128 user:p@ss:w/rd%"},
      {"http://user:p@ss:w/rd@proxy:3128", "proxy 3128 user:p@ss:w/rd"},
      {"http://corp%5Cuser:s%C3%A9same@proxy:3128", "proxy 3128 corp\\user:sésame"},
  };
  for (const auto& [text, wanted] : cases) {
    const auto proxy = parse_proxy(text);
    ASSERT_TRUE(proxy) << text << " " << proxy.error();
    EXPECT_EQ(described(*proxy), wanted) << text;
  }
}

TEST(ParseProxy, RefusesWhatItCannotUseAndShowsNothingOfIt) {
  for (const auto* text : {"",
                           "http://",
                           "http://:3128",
                           "http://proxy:",
                           "http://proxy:0",
                           "http://proxy:65536",
                           "http://proxy:31x",
                           "http://proxy:3128/path",
                           "http://proxy:3128?q",
                           "http://pro xy:3128",
                           "http://[fd00::1:3128",
                           "http://[]:3128",
                           "http://[fd00::1]3128",
                           "http://fd00::1:3128",
                           "http://user:hunter2%4@proxy",
                           "http://user:hunter2%zz@proxy",
                           "http://us%3Aer:hunter2@proxy",
                           "http://user:hunter2@",
                           "https://user:hunter2@proxy:3128",
                           "socks5://user:hunter2@proxy:1080",
                           "://proxy",
                           "http//proxy"}) {
    const auto proxy = parse_proxy(text);
    ASSERT_FALSE(proxy) << text;
    EXPECT_THAT(proxy.error(), HasSubstr("; write http://HOST:PORT")) << text;
    EXPECT_EQ(proxy.error().find("hunter2"), std::string::npos) << text;
  }
  EXPECT_THAT(parse_proxy("https://proxy:3128").error(), HasSubstr("over TLS, which is not supported"));
  EXPECT_THAT(parse_proxy("socks5://proxy").error(), HasSubstr("not an HTTP proxy"));
}

TEST(SinkProxy, IsForEverythingTheSinkAsksFor) {
  const Variables variables{{"https_proxy", "http://other:1"}, {"no_proxy", "*"}, {"PROXY", "http://user:secret@proxy:3128"}};
  const auto http = transport(R"(, http: { proxy: "${env:PROXY}" })", variables);
  EXPECT_EQ(described(http.https_proxy), "proxy 3128 user:secret");
  EXPECT_EQ(described(http.http_proxy), "proxy 3128 user:secret");
  EXPECT_EQ(http.no_proxy, "");
}

TEST(SinkProxy, CanBeSwitchedOff) {
  for (const auto* written : {R"("")", "none", "\"none\"", R"("${env:OFF}")", R"("${env:UNSET:-}")"}) {
    const auto http = transport(std::string(", http: { proxy: ") + written + " }", {{"https_proxy", "socks5://broken"}, {"OFF", "none"}});
    EXPECT_EQ(described(http.https_proxy), "none") << written;
    EXPECT_EQ(described(http.http_proxy), "none") << written;
  }
}

TEST(SinkProxy, AFileThatOthersCanReadIsNoPlaceForIt) {
  const test::TemporaryDirectory directory;
  const auto file = directory.write("proxy", "http://user:hunter2@proxy:3128\n");
  const auto text = test::with_sink("{ plugin: slack, http: { proxy: \"${file:" + file.string() + "}\" } }");
  EXPECT_EQ(described(test::load(text).settings->sinks[0].http.https_proxy), "proxy 3128 user:hunter2");
  std::filesystem::permissions(file, std::filesystem::perms(0644));
  const auto exposed = test::load(text);
  EXPECT_FALSE(exposed.settings);
  EXPECT_THAT(test::lines(exposed), HasSubstr("sinks.slack.http.proxy is a secret: the file " + file.string() + " can be read by others"));
}

TEST(EnvironmentProxy, HoldsForSinksThatSayNothing) {
  struct Case {
    Variables variables;
    const char *https, *http;
    std::string except;
  };
  const std::string own = "localhost,127.0.0.0/8,::1,";
  for (const auto& c : std::vector<Case>{
           {{}, "none", "none", ""},
           {{{"no_proxy", "a.test"}}, "none", "none", ""},
           {{{"https_proxy", "http://a:1"}}, "a 1 ", "none", own},
           {{{"HTTPS_PROXY", "http://a:1"}}, "a 1 ", "none", own},
           {{{"http_proxy", "http://b:2"}}, "none", "b 2 ", own},
           {{{"HTTP_PROXY", "b:2"}, {"HTTPS_PROXY", "http://u:p@a:1"}}, "a 1 u:p", "b 2 ", own},
           {{{"HTTPS_PROXY", "socks5://x"}, {"https_proxy", "http://a:1"}}, "a 1 ", "none", own},
           {{{"HTTPS_PROXY", "http://a:1"}, {"https_proxy", ""}}, "a 1 ", "none", own},
           {{{"https_proxy", "http://a:1"}, {"NO_PROXY", "x.test"}}, "a 1 ", "none", own + "x.test"},
           {{{"https_proxy", "http://a:1"}, {"NO_PROXY", "x.test"}, {"no_proxy", "*"}}, "a 1 ", "none", own + "*"},
       }) {
    for (const auto* http : {"", ", http: { ca_file: ca.pem }"}) {
      const auto got = transport(http, c.variables);
      EXPECT_EQ(described(got.https_proxy), c.https);
      EXPECT_EQ(described(got.http_proxy), c.http);
      EXPECT_EQ(got.no_proxy, c.except);
    }
  }
}

TEST(EnvironmentProxy, OneThatCannotBeUsedIsToldOnceAndWithoutItsValue) {
  const Variables variables{{"HOME", "/home/belfry"}, {"HTTPS_PROXY", "https://user:hunter2@proxy:3128"}};
  const auto two =
      "version: 1\nsources: { coder: {} }\nsinks: { a: { plugin: slack }, b: { plugin: slack } }\n"
      "pipeline: { routes: [{ name: everyone, to: [a, b] }] }\n";
  EXPECT_EQ(test::lines(test::load(two, test::environment(variables))),
            "belfry.yaml: error: environment variable HTTPS_PROXY is a proxy over TLS, which is not supported; write "
            "http://HOST:PORT or http://USER:PASSWORD@HOST:PORT, or proxy: none at the sinks\n");
  const auto off = test::with_sink("{ plugin: slack, http: { proxy: none } }");
  EXPECT_TRUE(test::load(off, test::environment(variables)).settings) << "it does not matter to any sink";
  auto alone = variables;
  alone["SLACK_BOT_TOKEN"] = "xoxb-1";
  EXPECT_THAT(test::lines(load_environment(test::environment(alone))), HasSubstr("environment variable HTTPS_PROXY is a proxy"));
  alone["HTTPS_PROXY"] = "http://proxy:3128";
  EXPECT_EQ(described(load_environment(test::environment(alone)).settings->sinks[0].http.https_proxy), "proxy 3128 ");
}

TEST(ClientCertificate, IsReadWithItsKey) {
  const test::TemporaryDirectory directory;
  const auto key = directory.write("client.key", "key");
  const auto text = test::with_sink("{ plugin: slack, http: { client_certificate: client.crt, client_key: " + key.string() + " } }");
  const auto loaded = load_text(text, "/etc/belfry/belfry.yaml", test::environment());
  ASSERT_TRUE(loaded.settings) << test::lines(loaded);
  const auto& http = loaded.settings->sinks[0].http;
  EXPECT_EQ(http.client_certificate, "/etc/belfry/client.crt");
  EXPECT_EQ(http.client_key, key);
  EXPECT_EQ(http.client_certificate_location, (Location{"/etc/belfry/belfry.yaml", 4, 55}));
  std::filesystem::permissions(key, std::filesystem::perms(0604));
  EXPECT_THAT(test::lines(load_text(text, "/etc/belfry/belfry.yaml", test::environment())),
              HasSubstr("sinks.slack.http.client_key is a secret: the file " + key.string() + " can be read by others; run: chmod o= "));
}

}  // namespace
}  // namespace belfry::config
