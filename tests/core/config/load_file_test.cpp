#include "config/defaults.hpp"
#include "config/load.hpp"

#include "support.hpp"

namespace belfry::config {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using namespace std::chrono_literals;

constexpr const char* kEverything = R"(version: 1
server:
  listen: "[::1]:7000"
  tls: { certificate: tls.crt, key: /etc/tls.key, client_ca: ca.crt }
  max_body: 64KiB
  threads: 4
  max_connections: 10
admin:
  listen: ["unix:/run/belfry/admin.sock", "127.0.0.1:9664"]
  token: admin-secret
store: { driver: sqlite, path: belfry.db, retention: 1d }
plugins: { directories: [plugins, /opt/plugins] }
sources:
  one: { type: coder, path: /one, auth: { basic: { username: coder, password: "${env:PASSWORD}" } } }
  two: { path: /two, auth: { bearer: token } }
  three: { path: /three, auth: { client_certificate: true } }
sinks:
  slack:
    plugin: slack
    config: { bot_token: "${env:TOKEN}", deep: { list: [1, "2", { a/b~c: true }], nothing: } }
    http: { ca_file: ca.pem }
    delivery: { timeout: 5s, max_age: 2h, concurrency: 3, rate: 10/s, rate_per_recipient: 5/min }
  console: { plugin: console }
pipeline:
  routes:
    - name: some
      when: { name: /Failed/ }
      to: [slack, { sink: slack, channel: C1, count: 3 }]
      fallback: [console]
      continue: true
      max_age: 30m
      allow_sensitive: true
    - { name: everyone, to: [console] }
canary: { every: 1m, to: canary@example.com }
)";

TEST(LoadText, ReadsEverything) {
  const auto loaded = load_text(kEverything, "/etc/belfry/belfry.yaml", test::environment({{"TOKEN", "xoxb-1"}, {"PASSWORD", "123456"}}));
  ASSERT_TRUE(loaded.settings) << test::lines(loaded);
  EXPECT_EQ(test::lines(loaded), "");
  const auto& s = *loaded.settings;
  EXPECT_EQ(s.file, "/etc/belfry/belfry.yaml");
  ASSERT_TRUE(s.canary);
  EXPECT_EQ(s.canary->every, 1min);
  EXPECT_EQ(s.canary->to, "canary@example.com");
  EXPECT_EQ(s.server.listen, "[::1]:7000");
  EXPECT_EQ(s.server.tls->certificate, "/etc/belfry/tls.crt");
  EXPECT_EQ(s.server.tls->key, "/etc/tls.key");
  EXPECT_EQ(s.server.tls->client_ca, "/etc/belfry/ca.crt");
  EXPECT_EQ(s.server.max_body, 65536U);
  EXPECT_EQ(s.server.threads, 4U);
  EXPECT_EQ(s.server.max_connections, 10U);
  EXPECT_THAT(s.admin.listen, ElementsAre("unix:/run/belfry/admin.sock", "127.0.0.1:9664"));
  EXPECT_EQ(s.admin.token.reveal(), "admin-secret");
  EXPECT_EQ(s.store.path, "/etc/belfry/belfry.db");
  EXPECT_EQ(s.store.retention, 24h);
  EXPECT_THAT(s.plugins.directories, ElementsAre("/etc/belfry/plugins", "/opt/plugins"));

  ASSERT_EQ(s.sources.size(), 3U);
  EXPECT_EQ(s.sources[0].name, "one");
  EXPECT_EQ(s.sources[0].auth.basic_username, "coder");
  EXPECT_EQ(s.sources[0].auth.basic_passwords.at(0).reveal(), "123456") << "a password of digits stays text";
  EXPECT_EQ(s.sources[1].auth.bearers.at(0).reveal(), "token");
  EXPECT_TRUE(s.sources[2].auth.client_certificate);

  ASSERT_EQ(s.sinks.size(), 2U);
  EXPECT_EQ(s.sinks[0].config, json::parse(R"({"bot_token": "xoxb-1", "deep": {"list": [1, "2", {"a/b~c": true}], "nothing": null}})"));
  EXPECT_EQ(s.sinks[0].http.ca_file, "/etc/belfry/ca.pem");
  EXPECT_EQ(s.sinks[0].delivery.timeout, 5s);
  EXPECT_EQ(s.sinks[0].delivery.max_age, 2h);
  EXPECT_EQ(s.sinks[0].delivery.concurrency, 3U);
  EXPECT_EQ(s.sinks[0].delivery.rate, (Rate{10, 1s}));
  EXPECT_EQ(s.sinks[0].delivery.rate_per_recipient, (Rate{5, 60s}));
  EXPECT_EQ(s.sinks[1].config, json::object());
  EXPECT_EQ(s.sinks[1].delivery.rate, std::nullopt);

  ASSERT_EQ(s.pipeline.routes.size(), 2U);
  EXPECT_EQ(s.pipeline.routes[0].name, "some");
  EXPECT_EQ(s.pipeline.routes[0].location, "/etc/belfry/belfry.yaml:26:7");
  ASSERT_EQ(s.pipeline.routes[0].to.size(), 2U);
  EXPECT_EQ(s.pipeline.routes[0].to[1].sink, "slack");
  EXPECT_EQ(s.pipeline.routes[0].to[1].overrides, json::parse(R"({"channel": "C1", "count": 3})"));
  EXPECT_THAT(s.pipeline.routes[0].fallback, ElementsAre("console"));
  EXPECT_TRUE(s.pipeline.routes[0].continue_);
  EXPECT_EQ(s.pipeline.routes[0].max_age, 30min);
  EXPECT_TRUE(s.pipeline.routes[0].allow_sensitive);
  EXPECT_FALSE(s.pipeline.routes[1].continue_);
}

TEST(LoadText, ReadsTheTokensOfOperatorsAndTheNamesOfTheGateway) {
  const auto loaded = test::load(test::with("admin: { token: first-token, tokens: { alice: \"${env:ALICE}\", bob-2: bobs-token },\n"
                                            "         hosts: [Belfry.Example.com, belfry] }\n"),
                                 test::environment({{"HOME", "/home/belfry"}, {"ALICE", "token-of-alice"}}));
  ASSERT_TRUE(loaded.settings) << test::lines(loaded);
  const auto& admin = loaded.settings->admin;
  ASSERT_EQ(admin.tokens.size(), 2U);
  EXPECT_EQ(admin.tokens.at("alice").reveal(), "token-of-alice");
  EXPECT_EQ(admin.tokens.at("bob-2").reveal(), "bobs-token");
  EXPECT_THAT(admin.hosts, ElementsAre("belfry.example.com", "belfry"));
}

TEST(LoadText, SinkValuesRememberTheirPlaces) {
  const auto loaded = load_text(kEverything, "/etc/belfry/belfry.yaml", test::environment({{"TOKEN", "t"}, {"PASSWORD", "p"}}));
  const auto& locations = loaded.settings->sinks[0].locations;
  const auto place = [&](const std::string& pointer) { return std::pair(locations.at(pointer).line, locations.at(pointer).column); };
  EXPECT_THAT(place(""), Pair(18, 3));
  EXPECT_THAT(place("/bot_token"), Pair(20, 26));
  EXPECT_THAT(place("/deep/list/1"), Pair(20, 60));
  EXPECT_THAT(place("/deep/list/2/a~1b~0c"), Pair(20, 74));
  EXPECT_THAT(place("/deep/nothing"), Pair(20, 83));
  EXPECT_EQ(locations.at("/deep").file, "/etc/belfry/belfry.yaml");
  EXPECT_EQ(locations.size(), 9U);
}

TEST(LoadText, ReadsTheRoomForConnectionsAndBodies) {
  const auto loaded = test::load(test::with("server: { max_body_memory: 2MiB, max_connections_per_address: 0 }\n"));
  ASSERT_TRUE(loaded.settings) << test::lines(loaded);
  EXPECT_EQ(loaded.settings->server.max_body_memory, 2U << 20);
  EXPECT_EQ(loaded.settings->server.max_connections_per_address, 0U);
}

TEST(LoadText, ALargerBodyAloneRaisesTheMemoryOfAll) {
  const auto defaults = test::load(test::with(""));
  EXPECT_EQ(defaults.settings->server.max_body_memory, 64U << 20);
  EXPECT_EQ(defaults.settings->server.max_connections_per_address, 256U);
  const auto large = test::load(test::with("server: { max_body: 64MiB, max_body_memory: 64MiB }\n"));
  EXPECT_EQ(large.settings->server.max_body_memory, 64U << 20);
}

TEST(LoadText, FillsInDefaults) {
  const auto loaded = test::load(test::with(""));
  ASSERT_TRUE(loaded.settings) << test::lines(loaded);
  const auto& s = *loaded.settings;
  EXPECT_EQ(s.server.listen, "127.0.0.1:6000");
  EXPECT_EQ(s.server.max_body, 1048576U);
  EXPECT_FALSE(s.server.tls);
  EXPECT_THAT(s.admin.listen, ElementsAre("unix:/home/belfry/.local/state/belfry/admin.sock", "127.0.0.1:9664"));
  EXPECT_EQ(s.admin.default_socket, s.admin.listen.front());
  EXPECT_TRUE(s.admin.token.empty());
  EXPECT_EQ(s.store.path, "/home/belfry/.local/state/belfry/belfry.db");
  EXPECT_EQ(s.store.retention, 168h);
  EXPECT_THAT(s.plugins.directories, ElementsAre("/usr/lib/belfry/plugins", "/usr/local/lib/belfry/plugins"));
  EXPECT_EQ(s.sources[0].type, "coder");
  EXPECT_EQ(s.sources[0].path, "/v1/webhook");
  EXPECT_EQ(s.sinks[0].delivery.timeout, 10s);
}

TEST(LoadText, WithoutAPlaceForTheQueueSaysSo) {
  const auto loaded = test::load(test::with(""), test::environment({}));
  EXPECT_EQ(test::lines(loaded), "belfry.yaml:1:1: error: no location for the queue; write store: { path: /var/lib/belfry/belfry.db }\n");
}

TEST(LoadText, APluginDirectoryOfTheEnvironmentIsADefaultOnly) {
  const auto environment = test::environment({{"HOME", "/h"}, {"BELFRY_PLUGIN_DIR", "/built"}});
  EXPECT_THAT(test::load(test::with(""), environment).settings->plugins.directories,
              ElementsAre("/usr/lib/belfry/plugins", "/usr/local/lib/belfry/plugins", "/built"));
  EXPECT_THAT(test::load(test::with("plugins: { directories: [/x] }"), environment).settings->plugins.directories, ElementsAre("/x"));
}

TEST(LoadText, ReferencesGiveTypedValues) {
  const auto environment = test::environment({{"HOME", "/h"}, {"N", "7"}, {"T", "5m"}, {"YES", "true"}, {"PORT", "8000"}});
  const auto loaded = test::load(
      test::with("server: { listen: \"127.0.0.1:${env:PORT:-6000}\", threads: \"${env:N}\" }\nstore: { retention: \"${env:NO:-2d}\" }"),
      environment);
  ASSERT_TRUE(loaded.settings) << test::lines(loaded);
  EXPECT_EQ(loaded.settings->server.listen, "127.0.0.1:8000");
  EXPECT_EQ(loaded.settings->server.threads, 7U);
  EXPECT_EQ(loaded.settings->store.retention, 48h);
}

TEST(LoadText, AnAdminTokenMayBeLeftOutByReference) {
  EXPECT_TRUE(test::load(test::with("admin: { token: \"${env:NO:-}\" }")).settings->admin.token.empty());
  EXPECT_FALSE(test::load(test::with("admin: { token: \"\" }")).settings);
}

TEST(LoadText, MissingSecretsOfASinkDoNotStopTheGateway) {
  const auto loaded =
      test::load(test::with_sink("{ plugin: slack, config: { bot_token: \"${env:TOKEN}\", list: [a, \"x${env:NO}\"], other: 1 } }"));
  ASSERT_TRUE(loaded.settings) << test::lines(loaded);
  EXPECT_EQ(test::lines(loaded), "");
  const auto& sink = loaded.settings->sinks[0];
  EXPECT_EQ(sink.config, json::parse(R"({"bot_token": "", "list": ["a", ""], "other": 1})"));
  EXPECT_THAT(sink.unresolved, ElementsAre(Pair("/bot_token", "environment variable TOKEN is not set; set it"),
                                           Pair("/list/1", "environment variable NO is not set; set it")));
  EXPECT_EQ(sink.locations.at("/bot_token").line, 4);
}

TEST(LoadText, ReferencedSinkValuesAreAlwaysText) {
  const auto environment = test::environment({{"HOME", "/h"}, {"DIGITS", "0123"}, {"TRUE", "true"}});
  const auto loaded = test::load(
      test::with_sink("{ plugin: x, config: { a: \"${env:DIGITS}\", b: \"${env:TRUE}\", c: 0123, d: \"$${env:X}\" } }"), environment);
  ASSERT_TRUE(loaded.settings) << test::lines(loaded);
  EXPECT_EQ(loaded.settings->sinks[0].config, json::parse(R"({"a": "0123", "b": "true", "c": 123, "d": "${env:X}"})"));
}

TEST(LoadText, ADraftHoldsWhatCouldBeRead) {
  const auto loaded = test::load(
      "version: 1\nserver: { lisen: x }\nplugins: { directories: [/one, 2] }\nsources: { coder: { path: 5 } }\nsinks:\n"
      "  slack: { plugin: slack, config: { a: .inf, list: [\"${env\", x], map: { 1: x }, n: 5, token: \"${env:NO}\" } }\n"
      "  mail: { plugin: [], config: 5 }\n  typo: { plugin: smtp, cofnig: { x: 1 } }\n"
      "pipeline: { routes: [{ name: everyone, to: [slack, slak, { sink: slack, a: \"${env:NO}\", b: 1 }] }] }\n");
  EXPECT_FALSE(loaded.settings);
  ASSERT_TRUE(loaded.partial) << test::lines(loaded);
  EXPECT_EQ(loaded.readable(), &*loaded.partial);
  const auto& draft = *loaded.partial;
  EXPECT_THAT(draft.plugins.directories, ElementsAre("/one"));
  EXPECT_FALSE(draft.plugins.complete);
  EXPECT_EQ(draft.sources.at(0).path, "");
  ASSERT_EQ(draft.sinks.size(), 3U);
  const auto& slack = draft.sinks[0];
  EXPECT_EQ(slack.config, json::parse(R"({"a": null, "list": ["", "x"], "map": {}, "n": 5, "token": ""})"));
  EXPECT_THAT(slack.broken, ElementsAre("/a", "/list/0"));
  EXPECT_THAT(slack.incomplete, ElementsAre("/map"));
  EXPECT_EQ(slack.unresolved.size(), 1U);
  EXPECT_EQ(slack.locations.at("/n"), (Location{"belfry.yaml", 6, 84}));
  EXPECT_EQ(draft.sinks[1].plugin, "");
  EXPECT_THAT(draft.sinks[1].broken, ElementsAre(""));
  EXPECT_EQ(draft.sinks[2].plugin, "smtp");
  EXPECT_THAT(draft.sinks[2].broken, ElementsAre(""));
  ASSERT_EQ(draft.pipeline.routes.size(), 1U);
  ASSERT_EQ(draft.pipeline.routes[0].to.size(), 2U);
  EXPECT_EQ(draft.pipeline.routes[0].to[1].overrides, json::parse(R"({"b": 1})"));
}

TEST(LoadText, WhatIsNoYamlIsNoDraft) {
  const auto loaded = test::load("version: [");
  EXPECT_EQ(loaded.readable(), nullptr);
  EXPECT_EQ(loaded.problems.size(), 1U);
}

TEST(LoadText, WithoutErrorsThereIsNoDraft) {
  const auto loaded = test::load(test::with(""));
  EXPECT_FALSE(loaded.partial);
  EXPECT_EQ(loaded.readable(), &*loaded.settings);
  EXPECT_TRUE(loaded.settings->plugins.complete);
  EXPECT_EQ(loaded.settings->sources.at(0).path_location, (Location{"belfry.yaml", 2, 12}));
  EXPECT_EQ(test::load("version: 1\nsources: { coder: { path: /x } }\nsinks: { slack: { plugin: slack } }\n"
                       "pipeline: { routes: [{ name: everyone, to: [slack] }] }\n")
                .settings->sources.at(0)
                .path_location,
            (Location{"belfry.yaml", 2, 27}));
}

TEST(SortByPlace, EachOnce) {
  const auto problem = [](const char* file, int line, int column, const char* text) {
    return Diagnostic{Diagnostic::Severity::error, file, line, column, text};
  };
  std::vector<Diagnostic> problems{problem("b", 1, 1, "x"), problem("a", 10, 2, "x"), problem("a", 10, 1, "y"),
                                   problem("a", 9, 9, "x"), problem("a", 10, 1, "x"), problem("a", 10, 1, "y")};
  sort_by_location(problems);
  EXPECT_THAT(problems, ElementsAre(problem("a", 9, 9, "x"), problem("a", 10, 1, "x"), problem("a", 10, 1, "y"), problem("a", 10, 2, "x"),
                                    problem("b", 1, 1, "x")));
}

TEST(LoadText, ProblemsComeInTheOrderOfTheFile) {
  const auto loaded = test::load("pipeline: 1\nsinks: 2\nsources: 3\nserver: 4\nversion: 5\n");
  std::vector<int> found;
  for (const auto& problem : loaded.problems) found.push_back(problem.line);
  EXPECT_THAT(found, ElementsAre(1, 2, 3, 4, 5)) << test::lines(loaded);
}

TEST(LoadText, AProblemWithinAnAliasIsWhereItIsWritten) {
  const auto loaded = test::load(
      "version: 1\nsources: { coder: {} }\nsinks:\n  one: { plugin: a, config: &c { x: .inf } }\n  two: { plugin: a, config: *c }\n"
      "pipeline: { routes: [{ name: everyone, to: [one, two] }] }\n");
  EXPECT_EQ(test::lines(loaded),
            "belfry.yaml:4:37: error: sinks.one.config.x is not a finite number; write it in quotes if it is text\n"
            "belfry.yaml:4:37: error: sinks.two.config.x is not a finite number; write it in quotes if it is text\n");
}

TEST(LoadText, AFileFoundBesideTheConfiguration) {
  test::TemporaryDirectory directory;
  static_cast<void>(directory.write("token", "from-file\n"));
  const auto file = directory.write("belfry.yaml", test::with("admin: { token: \"${file:token}\" }\n"));
  const auto loaded = load_file(file, test::environment());
  ASSERT_TRUE(loaded.settings) << test::lines(loaded);
  EXPECT_EQ(loaded.settings->admin.token.reveal(), "from-file");
}

TEST(LoadText, ASecretThatOthersCanReadIsRefused) {
  test::TemporaryDirectory directory;
  const auto token = directory.write("token", "from-file\n");
  std::filesystem::permissions(token, std::filesystem::perms(0644));
  const auto file = directory.write("belfry.yaml",
                                    "version: 1\nadmin: { listen: \"127.0.0.1:9664\", token: \"${file:token}\" }\nsources:\n"
                                    "  a: { path: /a, auth: { bearer: \"${file:token}\" } }\n"
                                    "  b: { path: /b, auth: { basic: { username: b, password: \"${file:token}\" } } }\n"
                                    "sinks: { s: { plugin: p, config: { x: \"${file:token}\" } } }\n"
                                    "pipeline: { routes: [{ name: everyone, to: [s] }] }\n");
  const auto sentence = " is a secret: the file " + token.string() + " can be read by others; run: chmod o= " + token.string() + "\n";
  EXPECT_EQ(test::lines(load_file(file, test::environment())), file.string() + ":2:43: error: admin.token" + sentence + file.string() +
                                                                   ":4:34: error: sources.a.auth.bearer" + sentence + file.string() +
                                                                   ":5:58: error: sources.b.auth.basic.password" + sentence);
  std::filesystem::permissions(token, std::filesystem::perms(0600));
  const auto loaded = load_file(file, test::environment());
  ASSERT_TRUE(loaded.settings) << test::lines(loaded);
  EXPECT_TRUE(loaded.settings->sinks.front().exposed.empty());
  std::filesystem::permissions(token, std::filesystem::perms(0644));
  const auto plain = directory.write("plain.yaml",
                                     "version: 1\nserver: { threads: \"${file:number}\" }\nsources: { a: {} }\n"
                                     "sinks: { s: { plugin: p, config: { x: \"${file:token}\" } } }\n"
                                     "pipeline: { routes: [{ name: everyone, to: [s] }] }\n");
  std::filesystem::permissions(directory.write("number", "4\n"), std::filesystem::perms(0644));
  const auto open = load_file(plain, test::environment());
  ASSERT_TRUE(open.settings) << "a value that is not secret may come from a file that others can read: " << test::lines(open);
  EXPECT_THAT(open.settings->sinks.front().exposed, ElementsAre(Pair("/x", testing::HasSubstr("can be read by others"))))
      << "the plugin's schema determines whether the value is secret";
}

TEST(LoadText, AuthenticationThatMayBeLeftOut) {
  const auto text = [](const std::string& auth) {
    return "version: 1\nstore: { path: q.db }\nsources: { coder: { auth: " + auth +
           " } }\nsinks: { s: { plugin: p, config: { x: \"${env:NO:-}\", y: \"\" } } }\n" +
           "pipeline: { routes: [{ name: everyone, to: [s] }] }\n";
  };
  const auto load = [&](const std::string& auth) { return load_text(text(auth), "belfry.yaml", test::environment({{"PASSWORD", "xyz"}})); };
  for (const auto* auth : {"{ basic: { username: coder, password: \"${env:NO:-}\" } }", "{ bearer: \"${env:NO:-${env:NO2:-}}\" }"}) {
    const auto loaded = load(auth);
    ASSERT_TRUE(loaded.settings) << auth << test::lines(loaded);
    EXPECT_TRUE(loaded.settings->sources.front().auth.none()) << auth;
    EXPECT_EQ(test::lines(loaded), "");
    EXPECT_THAT(loaded.settings->sinks.front().left_out, ElementsAre("/x"));
  }
  const auto there = load("{ basic: { username: coder, password: \"${env:NO:-${env:PASSWORD:-}}\" } }");
  ASSERT_TRUE(there.settings) << test::lines(there);
  EXPECT_EQ(there.settings->sources.front().auth.basic_username, "coder");
  EXPECT_EQ(there.settings->sources.front().auth.basic_passwords.at(0).reveal(), "xyz");
  const auto open =
      load_text("server: { listen: \"[::]:6000\" }\n" + text("{ bearer: \"${env:NO:-}\" }"), "belfry.yaml", test::environment());
  EXPECT_THAT(test::lines(open), testing::HasSubstr("warning: sources.coder accepts notifications from anyone"));
}

TEST(LoadText, WhatStandsAroundASecretIsNoPartOfIt) {
  const auto load = [](const std::string& password, const std::string& written = "\"${env:PASSWORD}\"") {
    return load_text("version: 1\nstore: { path: q.db }\nsources: { coder: { auth: { basic: { username: coder, password: " + written +
                         " } } } }\nsinks: { s: { plugin: p } }\npipeline: { routes: [{ name: everyone, to: [s] }] }\n",
                     "belfry.yaml", test::environment({{"PASSWORD", password}}));
  };
  for (const auto* password : {"xyz abc", " xyz abc\n", "\r\n\nxyz abc\t", "\xEF\xBB\xBFxyz abc"}) {
    const auto loaded = load(password);
    ASSERT_TRUE(loaded.settings) << test::lines(loaded);
    EXPECT_EQ(loaded.settings->sources.front().auth.basic_passwords.at(0).reveal(), "xyz abc");
    EXPECT_EQ(test::lines(loaded), "");
  }
  EXPECT_EQ(load("", "\" xyz \"").settings->sources.front().auth.basic_passwords.at(0).reveal(), " xyz ")
      << "quoted text is taken as written";
  EXPECT_THAT(test::lines(load("xyz\nabc")), testing::HasSubstr("is a secret that contains a line break"));
  EXPECT_FALSE(load(" \n").settings) << "white space is not the same as left out";
  EXPECT_THAT(test::lines(load("\"xyz\"")),
              testing::HasSubstr("warning: sources.coder.auth.basic.password is a secret that is wrapped in quotes"));
  test::TemporaryDirectory directory;
  const auto file = directory.write("password", "xyz\nabc\n");
  EXPECT_THAT(test::lines(load("", "\"${file:" + file.string() + "}\"")), testing::HasSubstr(file.string() + " contains a line break"));
}

TEST(LoadText, AListOfSecretsWhileOneIsReplaced) {
  const auto load = [](const std::string& auth) {
    return load_text("version: 1\nstore: { path: q.db }\nsources: { coder: { auth: " + auth +
                         " } }\nsinks: { s: { plugin: p } }\npipeline: { routes: [{ name: everyone, to: [s] }] }\n",
                     "belfry.yaml", test::environment({{"OLD", "old"}}));
  };
  const auto basic = load("{ basic: { username: coder, password: [new, \"${env:OLD}\", \"${env:NO:-}\"] } }");
  ASSERT_TRUE(basic.settings) << test::lines(basic);
  const auto& passwords = basic.settings->sources.front().auth.basic_passwords;
  ASSERT_EQ(passwords.size(), 2U) << "a missing optional password is left out";
  EXPECT_EQ(passwords[0].reveal(), "new");
  EXPECT_EQ(passwords[1].reveal(), "old");
  const auto bearer = load("{ bearer: [new, \"${env:OLD}\"] }");
  ASSERT_TRUE(bearer.settings) << test::lines(bearer);
  EXPECT_EQ(bearer.settings->sources.front().auth.bearers.size(), 2U);
  EXPECT_FALSE(load("{ bearer: [] }").settings) << "an empty list is not the same as left out";
  EXPECT_FALSE(load("{ bearer: [a, { b: c }] }").settings);
  EXPECT_THAT(test::lines(load("{ bearer: [a, b, c, d, e] }")), testing::HasSubstr("has 5 entries; write at most 4"));
}

TEST(LoadText, WarnsOfWhatTheNetworkCanRead) {
  const auto lines = [](const std::string& more, const std::string& auth) {
    return test::lines(load_text("version: 1\nstore: { path: q.db }\n" + more + "\nsources: { coder: { auth: " + auth +
                                     " } }\nsinks: { s: { plugin: p } }\npipeline: { routes: [{ name: everyone, to: [s] }] }\n",
                                 "belfry.yaml", test::environment()));
  };
  const std::string clear = "sources.coder receives its password in the clear";
  EXPECT_THAT(lines("server: { listen: \"[::]:6000\" }", "{ bearer: x }"), testing::HasSubstr(clear));
  EXPECT_THAT(lines("server: { listen: \"192.0.2.1:6000\" }", "{ basic: { username: coder, password: x } }"), testing::HasSubstr(clear));
  EXPECT_EQ(lines("server: { listen: \"127.0.0.1:6000\" }", "{ bearer: x }"), "");
  EXPECT_EQ(lines("server: { listen: \"[::]:6000\", tls: { certificate: a, key: b } }", "{ bearer: x }"), "");
  const std::string admin = "admin listens on 192.0.2.1:9664, which exposes the metrics";
  EXPECT_THAT(lines("admin: { listen: \"192.0.2.1:9664\" }", "{ bearer: x }"), testing::HasSubstr(admin + " to the network; write"));
  EXPECT_THAT(lines("admin: { listen: [\"192.0.2.1:9664\"], token: xyz }", "{ bearer: x }"),
              testing::HasSubstr(admin + " and, with the token, the API to the network, all of it in the clear"));
  EXPECT_EQ(lines("admin: { listen: [\"127.0.0.1:9664\", \"unix:/run/belfry/admin.sock\"] }", "{ bearer: x }"), "");
  test::TemporaryDirectory directory;
  const auto key = directory.write("tls.key", "x");
  const auto tls = "server: { tls: { certificate: a, key: \"" + key.string() + "\" } }";
  EXPECT_EQ(lines(tls, "{ bearer: x }"), "");
  std::filesystem::permissions(key, std::filesystem::perms(0644));
  EXPECT_THAT(lines(tls, "{ bearer: x }"),
              testing::HasSubstr("warning: server.tls.key is a secret: the file " + key.string() + " can be read by others"));
}

TEST(LoadText, SaysWhereTheGatewayCanBeAskedAlsoWithErrors) {
  const auto loaded =
      load_text("version: 1\nadmin: { listen: \"127.0.0.1:7777\", token: secret }\nsinks: 5\n", "belfry.yaml", test::environment());
  EXPECT_FALSE(loaded.settings);
  EXPECT_THAT(loaded.admin.listen, ElementsAre("127.0.0.1:7777"));
  EXPECT_EQ(loaded.admin.token.reveal(), "secret");
  EXPECT_TRUE(loaded.admin.default_socket.empty());
}

TEST(LoadText, OfATextThatIsNoYamlKeepsTheSocketsThatItNames) {
  const auto sockets = [](const std::string& text) { return load_text(text, "belfry.yaml", test::environment({})).admin.listen; };
  EXPECT_THAT(sockets("version: [\n"), ElementsAre("127.0.0.1:9664"));
  EXPECT_THAT(sockets("admin: { listen: [\"unix:/run/a.sock\", 'unix:/run/b.sock',unix:/run/c.sock] # unix:/run/d\n"),
              ElementsAre("unix:/run/a.sock", "unix:/run/b.sock", "unix:/run/c.sock", "unix:/run/d", "127.0.0.1:9664"));
  EXPECT_THAT(sockets("admin:\n  listen:\n    - unix:/run/a.sock\n  - [\n"), ElementsAre("unix:/run/a.sock", "127.0.0.1:9664"));
  EXPECT_THAT(load_text("[", "belfry.yaml", test::environment({{"RUNTIME_DIRECTORY", "/run/belfry"}})).admin.listen,
              ElementsAre("unix:/run/belfry/admin.sock", "127.0.0.1:9664"));
}

TEST(AdminSocket, IsFoundWithoutTheConfiguration) {
  const auto socket = [](std::map<std::string, std::string> variables) {
    return default_admin_socket(test::environment(std::move(variables))).value_or("none").string();
  };
  EXPECT_EQ(socket({{"RUNTIME_DIRECTORY", "/run/belfry"}, {"XDG_RUNTIME_DIR", "/run/user/7"}, {"STATE_DIRECTORY", "/s"}}),
            "/run/belfry/admin.sock");
  EXPECT_EQ(socket({{"RUNTIME_DIRECTORY", "/run/belfry:/run/other"}}), "/run/belfry/admin.sock");
  EXPECT_EQ(socket({{"XDG_RUNTIME_DIR", "/run/user/7"}, {"HOME", "/home/ada"}}), "/run/user/7/belfry/admin.sock");
  EXPECT_EQ(socket({{"RUNTIME_DIRECTORY", ""}, {"XDG_RUNTIME_DIR", "relative"}, {"STATE_DIRECTORY", "/s"}}), "/s/admin.sock");
  EXPECT_EQ(socket({{"XDG_STATE_HOME", "/x"}, {"HOME", "/home/ada"}}), "/x/belfry/admin.sock");
  EXPECT_EQ(socket({{"HOME", "/home/ada"}}), "/home/ada/.local/state/belfry/admin.sock");
  EXPECT_EQ(socket({}), "none");
}

TEST(LoadFile, SaysWhyAFileCannotBeRead) {
  test::TemporaryDirectory directory;
  const auto missing = directory.path() / "none.yaml";
  EXPECT_EQ(test::lines(load_file(missing, test::environment())),
            missing.string() + ": error: does not exist; write one with `belfry init`, or name another with --config\n");
  std::filesystem::create_symlink("none.yaml", directory.path() / "link.yaml");
  EXPECT_THAT(test::lines(load_file(directory.path() / "link.yaml", test::environment())),
              testing::HasSubstr("link.yaml: error: cannot be read: No such file or directory (symbolic link "));
  EXPECT_EQ(test::lines(load_file(directory.path(), test::environment())),
            directory.path().string() + ": error: is a directory; name a file\n");
  const auto large = directory.write("large.yaml", std::string(1024 * 1024 + 1, '#'));
  EXPECT_EQ(test::lines(load_file(large, test::environment())),
            large.string() + ": error: the file is larger than 1 MiB; make it smaller\n");
}

TEST(Problem, IsOneLine) {
  EXPECT_EQ((Diagnostic{Diagnostic::Severity::error, "f.yaml", 3, 5, "x; y"}.to_string()), "f.yaml:3:5: error: x; y");
  EXPECT_EQ((Diagnostic{Diagnostic::Severity::warning, "f.yaml", 0, 0, "x; y"}.to_string()), "f.yaml: warning: x; y");
  EXPECT_EQ((Diagnostic{Diagnostic::Severity::error, "", 0, 0, "x; y"}.to_string()), "error: x; y");
}

TEST(Warnings, ComeWithAResult) {
  const auto loaded = test::load(test::with("server: { listen: \"0.0.0.0:6000\" }\n"));
  EXPECT_TRUE(loaded.settings);
  ASSERT_EQ(loaded.problems.size(), 1U);
  EXPECT_EQ(loaded.problems[0].severity, Diagnostic::Severity::warning);
  for (const auto* local : {"127.0.0.1:6000", "127.1.2.3:1", "[::1]:6000", "unix:/run/belfry.sock"}) {
    EXPECT_TRUE(test::load(test::with("server: { listen: \"" + std::string(local) + "\" }\n")).problems.empty()) << local;
  }
}

}  // namespace
}  // namespace belfry::config
