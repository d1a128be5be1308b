#include "api/web/pages.hpp"

#include "core/api/operator_fixture.hpp"

namespace belfry::api::web {
namespace {

// Requests to the pages: from a Unix socket, or over TCP with a cookie.
class PagesTest : public OperatorFixture {
 protected:
  PagesTest() { rules_.tokens = {{"alice", base::Secret("alices-token")}}; }

  net::ServerResponse request(net::ServerRequest request) {
    PageDependencies parts{
        std::make_shared<const OperatorBackend>(operators_), std::make_shared<const Access>(rules_), sessions_, {}, {}, {}, {}};
    parts.status = [](auto answer) { answer(nlohmann::json{{"ready", true}, {"sinks", nlohmann::json::array()}}); };
    parts.releasable_sinks = {"slack"};
    parts.release = [this](const std::string&, store::Operator by, auto answer) {
      by_ = std::move(by);
      answer(true, nlohmann::json{{"detail", "its deliveries are tried now"}});
    };
    parts.preview = {[] { return std::vector<std::string>{"coder"}; }, [this](PreviewRequest, auto handler) { handler(preview_); }};
    net::RouteTable table;
    add_pages(table, std::move(parts));
    const net::Router router(std::move(table));
    const auto match = router.match(request.method, request.path);
    if (match.route == nullptr) return match.refusal;
    net::ServerResponse got;
    match.route->handler(std::move(request), [&](net::ServerResponse response) { got = std::move(response); });
    return got;
  }

  static net::ServerRequest to(const std::string& method, const std::string& target, const std::string& form = {}) {
    net::ServerRequest out;
    out.method = method;
    out.path = target.substr(0, target.find('?'));
    if (const auto question = target.find('?'); question != std::string::npos) out.query = target.substr(question + 1);
    out.headers.add("Host", "127.0.0.1:9664");
    out.body = form;
    if (method == "POST") out.headers.add("Content-Type", "application/x-www-form-urlencoded");
    return out;
  }

  net::ServerResponse over_socket(const std::string& method, const std::string& target, const std::string& form = {}) {
    auto out = to(method, target, form);
    out.peer = net::Peer::unix_socket;
    out.peer_uid = ::getuid();
    return request(std::move(out));
  }
  // With the CSRF token of the page.
  net::ServerResponse submit(const std::string& target, const std::string& form) {
    return over_socket("POST", target, "csrf=" + sessions_->csrf_without_session() + "&" + form);
  }

  net::ServerResponse over_tcp(const std::string& method, const std::string& target, const std::string& cookie = {},
                               const std::string& form = {}) {
    auto out = to(method, target, form);
    if (!cookie.empty()) out.headers.add("Cookie", "other=1; " + cookie);
    return request(std::move(out));
  }
  std::string log_in() {
    const auto form = "csrf=" + sessions_->login_csrf() + "&token=alices-token&next=%2Fdeliveries";
    const auto response = over_tcp("POST", "/login", {}, form);
    EXPECT_EQ(response.status, 303);
    EXPECT_EQ(response.headers.get("Location"), "/deliveries");
    const std::string cookie(response.headers.get("Set-Cookie").value_or(""));
    EXPECT_TRUE(cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict")) << cookie;
    return cookie.substr(0, cookie.find(';'));
  }

  static bool has(const net::ServerResponse& response, std::string_view text) { return response.body.contains(text); }

  base::ManualClock clock_{base::Timestamp(std::chrono::hours(24))};
  std::shared_ptr<Sessions> sessions_ = std::make_shared<Sessions>(clock_);
  base::Result<Preview> preview_;
};

TEST_F(PagesTest, EveryPageForbidsScriptsFramesAndOtherHosts) {
  listed_ = store::DeliveryPage{};
  shown_ = std::vector<ShownNotification>(1);
  for (const auto* path : {"/", "/deliveries", "/dead-letters", "/delivery?id=d1", "/why", "/preview", "/audit",
                           "/deliveries/bulk?action=retry", "/job?id=j1", "/delivery", "/job?id=none", "/operator.css", "/belfry.svg"}) {
    const auto response = over_socket("GET", path);
    const auto policy = response.headers.get("Content-Security-Policy").value_or("");
    EXPECT_TRUE(policy.starts_with("default-src 'none';")) << path;
    EXPECT_FALSE(policy.contains("unsafe")) << path;
    EXPECT_TRUE(policy.contains("frame-ancestors 'none'")) << path;
    EXPECT_TRUE(policy.contains("form-action 'self'")) << path;
    EXPECT_EQ(response.headers.get("X-Content-Type-Options"), "nosniff") << path;
    EXPECT_EQ(response.headers.get("Cache-Control"), "no-store") << path;
  }
}

TEST_F(PagesTest, OverASocketThePeerIsTheOperator) {
  const auto response = over_socket("GET", "/");
  EXPECT_EQ(response.status, 200);
  EXPECT_TRUE(has(response, "(uid " + std::to_string(::getuid()) + ")") || has(response, "uid " + std::to_string(::getuid())))
      << response.body;
  EXPECT_FALSE(has(response, "Log out"));
}

TEST_F(PagesTest, OverTcpALoginIsNeeded) {
  const auto refused = over_tcp("GET", "/deliveries?sink=slack");
  EXPECT_EQ(refused.status, 303);
  EXPECT_EQ(refused.headers.get("Location"), "/login?next=%2Fdeliveries%3Fsink%3Dslack");
  EXPECT_EQ(over_tcp("GET", "/deliveries", "belfry_session=" + std::string(64, 'a')).status, 303);
  EXPECT_EQ(over_tcp("POST", "/deliveries/change", {}, "action=retry&id=d1").status, 403);
  EXPECT_FALSE(action_);
  listed_ = store::DeliveryPage{};
  const auto page = over_tcp("GET", "/deliveries", log_in());
  EXPECT_EQ(page.status, 200);
  EXPECT_TRUE(has(page, "token alice"));
  EXPECT_TRUE(has(page, "Log out"));
}

TEST_F(PagesTest, BehindAProxyWithTlsTheCookieIsForTlsOnly) {
  auto login = to("POST", "/login", "csrf=" + sessions_->login_csrf() + "&token=alices-token");
  login.headers.add("Origin", "https://127.0.0.1:9664");
  EXPECT_TRUE(request(login).headers.get("Set-Cookie").value_or("").ends_with("; SameSite=Strict; Secure"));
}

TEST_F(PagesTest, AWrongTokenOpensNothing) {
  for (const auto* token : {"", "alices-toke", "alices-token%20x"}) {
    const auto response = over_tcp("POST", "/login", {}, "csrf=" + sessions_->login_csrf() + "&token=" + token);
    EXPECT_EQ(response.status, 403) << token;
    EXPECT_FALSE(response.headers.get("Set-Cookie")) << token;
    EXPECT_TRUE(has(response, "The token is wrong")) << token;
  }
  EXPECT_EQ(over_tcp("POST", "/login", {}, "token=alices-token").status, 403) << "without a CSRF token";
}

TEST_F(PagesTest, ALoginLeadsToThisServerOnly) {
  for (const auto* next :
       {"https%3A%2F%2Fevil.example", "%2F%2Fevil.example", "%2F%5Cevil.example", "javascript%3Aalert(1)", "%2Fa%0D%0AX%3A1"}) {
    const auto form = "csrf=" + sessions_->login_csrf() + "&token=alices-token&next=" + next;
    EXPECT_EQ(over_tcp("POST", "/login", {}, form).headers.get("Location"), "/") << next;
  }
}

TEST_F(PagesTest, ATokenThatIsRemovedEndsItsSessions) {
  const auto cookie = log_in();
  rules_.tokens = {{"bob", base::Secret("bobs-token")}};
  EXPECT_EQ(over_tcp("GET", "/audit", cookie).status, 303);
  rules_.tokens = {{"alice", base::Secret("alices-token")}};
  EXPECT_EQ(over_tcp("GET", "/audit", cookie).status, 303) << "the session has ended for good";
}

TEST_F(PagesTest, LogsOut) {
  const auto cookie = log_in();
  const auto csrf = sessions_->find(cookie.substr(cookie.find('=') + 1))->csrf;
  EXPECT_EQ(over_tcp("POST", "/logout", cookie, "csrf=" + sessions_->csrf_without_session()).status, 403);
  const auto response = over_tcp("POST", "/logout", cookie, "csrf=" + csrf);
  EXPECT_EQ(response.status, 303);
  EXPECT_TRUE(response.headers.get("Set-Cookie").value_or("").ends_with("Max-Age=0"));
  EXPECT_EQ(over_tcp("GET", "/audit", cookie).status, 303);
}

TEST_F(PagesTest, OtherSitesAreRefusedOnEveryListener) {
  auto rebound = to("GET", "/");
  rebound.headers = {{"Host", "evil.example:9664"}};
  EXPECT_EQ(request(rebound).status, 421);
  rebound.peer = net::Peer::unix_socket;
  EXPECT_EQ(request(rebound).status, 421);
  // The login page shows its own token to everybody.
  EXPECT_EQ(over_socket("POST", "/deliveries/change", "csrf=" + sessions_->login_csrf() + "&action=retry&id=d1").status, 403);
  auto foreign = to("POST", "/deliveries/change", "csrf=" + sessions_->csrf_without_session() + "&action=retry&id=d1");
  foreign.peer = net::Peer::unix_socket;
  foreign.headers.add("Origin", "https://evil.example");
  EXPECT_EQ(request(foreign).status, 403);
  EXPECT_FALSE(action_);
}

TEST_F(PagesTest, WithoutTokensNothingIsServedOverTcp) {
  rules_ = {};
  EXPECT_EQ(over_tcp("GET", "/").status, 404);
  EXPECT_EQ(over_tcp("GET", "/login").status, 404);
}

TEST_F(PagesTest, AChangeNeedsTheCsrfTokenOfItsSession) {
  const auto cookie = log_in();
  const auto form = std::string("action=retry&id=d1");
  const auto missing = over_tcp("POST", "/deliveries/change", cookie, form);
  EXPECT_EQ(missing.status, 403);
  EXPECT_TRUE(has(missing, "nothing was changed"));
  EXPECT_EQ(over_tcp("POST", "/deliveries/change", cookie, form + "&csrf=" + sessions_->csrf_without_session()).status, 403);
  EXPECT_EQ(over_socket("POST", "/deliveries/change", form).status, 403);
  EXPECT_FALSE(action_);
  auto json = to("POST", "/deliveries/change", "{}");
  json.peer = net::Peer::unix_socket;
  json.headers = {{"Host", "localhost"}, {"Content-Type", "application/json"}};
  EXPECT_EQ(request(json).status, 415);
}

TEST_F(PagesTest, UntrustedTextIsShownAsText) {
  auto listed = delivery("d1");
  listed.event = "<img src=x onerror=alert(1)>";
  listed.email = "\"><script>x</script>@example.com";
  listed.delivery.last_detail = "\x1B[31m\u202Eabc";
  listed_ = store::DeliveryPage{{listed}, 0};
  const auto page = over_socket("GET", "/dead-letters");
  EXPECT_EQ(page.status, 200);
  EXPECT_FALSE(has(page, "<img"));
  EXPECT_FALSE(has(page, "<script"));
  EXPECT_TRUE(has(page, "&lt;img src=x onerror=alert(1)&gt;"));
  EXPECT_TRUE(has(page, "\\u001b[31m\\u202eabc"));
}

TEST_F(PagesTest, ListsWithFilterAndCursor) {
  listed_ = store::DeliveryPage{{delivery("d1")}, 41};
  const auto page = over_socket("GET", "/deliveries?state=&sink=slack&to=ada%2Bx%40example.com&since=2d");
  EXPECT_EQ(page.status, 200) << page.body;
  EXPECT_EQ(filter_->sink, "slack");
  EXPECT_EQ(filter_->email, "ada+x@example.com");
  EXPECT_FALSE(filter_->state);
  EXPECT_TRUE(has(page, "href=\"/deliveries?state=&amp;sink=slack&amp;to=ada%2Bx%40example.com&amp;since=2d&amp;cursor=d1-41\""))
      << page.body;
  static_cast<void>(over_socket("GET", "/deliveries?cursor=d1-41"));
  EXPECT_EQ(page_->before, 41U);
  static_cast<void>(over_socket("GET", "/dead-letters?state=waiting"));
  EXPECT_EQ(filter_->state, store::ListedState::dead);
}

TEST_F(PagesTest, BadFiltersAreExplainedAndSelectNothing) {
  for (const auto* query : {"state=gone", "sink=none", "to=ada", "since=yesterday", "cursor=d9-1", "cursor=x"}) {
    const auto page = over_socket("GET", std::string("/deliveries?") + query);
    EXPECT_EQ(page.status, 400) << query;
    EXPECT_TRUE(has(page, "role=\"alert\"")) << query;
  }
  EXPECT_EQ(over_socket("GET", "/deliveries?limit=5").status, 400);
  EXPECT_EQ(over_socket("GET", "/deliveries?to=%FF").status, 400);
  EXPECT_FALSE(filter_);
}

TEST_F(PagesTest, RetriesAndDiscardsWithAReason) {
  changed_ = store::Changed{{"d1"}, {{"d2", "is in flight"}}, {}};
  const auto page = submit("/deliveries/change", "action=discard&id=d1&id=d2&reason=test+data");
  EXPECT_EQ(page.status, 200) << page.body;
  EXPECT_EQ(action_, BulkAction::discard);
  EXPECT_EQ(ids_, (std::vector<std::string>{"d1", "d2"}));
  EXPECT_EQ(by_.reason, "test data");
  EXPECT_TRUE(by_.name.contains("uid"));
  EXPECT_TRUE(has(page, "Discarded: 1 delivery"));
  EXPECT_TRUE(has(page, "is in flight"));
  changed_ = store::Changed{{}, {{"d2", "does not exist"}}, {}};
  EXPECT_EQ(submit("/deliveries/change", "action=retry&id=d2").status, 409);
}

TEST_F(PagesTest, AChangeThatIsNotClearChangesNothing) {
  std::string many;
  for (int i = 0; i <= 1'000; ++i) many += "&id=d" + std::to_string(i);
  const std::pair<std::string, int> wrong[] = {{"action=discard&id=d1", 400},
                                               {"action=discard&id=d1&reason=+", 400},
                                               {"action=explode&id=d1", 400},
                                               {"action=retry", 400},
                                               {"action=retry&id=d1&reason=a%0Ab", 400},
                                               {"action=retry&id=a%1Bb", 400},
                                               {"action=retry" + many, 413},
                                               {"action=retry&id=d1&reason=" + std::string(501, 'x'), 400}};
  for (const auto& [form, status] : wrong) EXPECT_EQ(submit("/deliveries/change", form).status, status) << form.substr(0, 60);
  EXPECT_FALSE(action_);
}

TEST_F(PagesTest, ABulkChangeIsCountedConfirmedAndFollowed) {
  const auto question = over_socket("GET", "/deliveries/bulk?action=discard&sink=slack&since=2d");
  EXPECT_EQ(question.status, 200) << question.body;
  EXPECT_TRUE(has(question, "at least 7 dead letters"));
  EXPECT_TRUE(has(question, "value=\"2026-01-29T12:00:00.000Z\"")) << "the time is fixed: " << question.body;
  EXPECT_EQ(filter_->state, store::ListedState::dead);
  EXPECT_EQ(submit("/deliveries/bulk", "action=discard&sink=slack").status, 400) << "without a reason";
  EXPECT_FALSE(action_);
  const auto begun = submit("/deliveries/bulk", "action=discard&sink=slack&reason=old");
  EXPECT_EQ(begun.status, 303);
  EXPECT_EQ(begun.headers.get("Location"), "/job?id=j1");
  EXPECT_EQ(action_, BulkAction::discard);
  EXPECT_EQ(over_socket("GET", "/job?id=j1").headers.get("Refresh"), "2");
  EXPECT_EQ(over_socket("GET", "/job?id=j2").status, 404);
  begun_ = base::fail(base::ErrorCode::unavailable, "job j0 is running");
  EXPECT_EQ(submit("/deliveries/bulk", "action=retry").status, 409);
}

TEST_F(PagesTest, ShowsOneDeliveryAndHidesSensitiveText) {
  ShownNotification shown;
  shown.notification.name = "One-Time Passcode";
  shown.notification.title = "SECRET-1234";
  shown.notification.body = "SECRET-5678";
  shown.notification.sensitive = true;
  shown.notification.received_at = *base::from_rfc3339("2026-01-31T09:00:00Z");
  shown.deliveries = {delivery("d1")};
  shown.attempts.resize(1);
  shown.attempts[0] = {.delivery_id = "d1", .number = 1, .started_at = *base::from_rfc3339("2026-01-31T09:00:01Z")};
  shown.explanation = "Received from coder.";
  shown_ = std::vector{shown};
  auto page = over_socket("GET", "/delivery?id=d1");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(id_, "d1");
  EXPECT_TRUE(has(page, "Received from coder."));
  EXPECT_TRUE(has(page, "attempt 1"));
  EXPECT_TRUE(has(page, "value=\"retry\""));
  EXPECT_FALSE(has(page, "SECRET"));
  shown.notification.sensitive = false;
  shown_ = std::vector{shown};
  EXPECT_TRUE(has(over_socket("GET", "/delivery?id=d1"), "SECRET-5678"));
  shown.erased = true;
  shown_ = std::vector{shown};
  page = over_socket("GET", "/delivery?id=d1");
  EXPECT_FALSE(has(page, "value=\"retry\"")) << "nothing is left to send";
  shown_ = base::fail(base::ErrorCode::not_found, "nothing has the id \"d9\"");
  EXPECT_EQ(over_socket("GET", "/delivery?id=d9").status, 404);
}

TEST_F(PagesTest, OffersARetryOfANotificationWithoutADelivery) {
  ShownNotification shown;
  shown.notification.id = "n1";
  shown.decisions.resize(1);
  shown.decisions[0] = {.notification_id = "n1", .event = "rerouted", .detail = "by ada"};
  shown_ = std::vector{shown};
  const auto page = over_socket("GET", "/delivery?id=n1");
  EXPECT_TRUE(has(page, "name=\"id\" value=\"n1\""));
  EXPECT_TRUE(has(page, "value=\"retry\""));
  EXPECT_FALSE(has(page, "value=\"discard\""));
  EXPECT_TRUE(has(page, "<b>routed again</b>"));
  shown.erased = true;
  shown_ = std::vector{shown};
  EXPECT_FALSE(has(over_socket("GET", "/delivery?id=n1"), "value=\"retry\"")) << "nothing is left to send";
}

TEST_F(PagesTest, AnswersWhy) {
  EXPECT_EQ(over_socket("GET", "/why").status, 200);
  EXPECT_FALSE(query_);
  answer_ = WhyAnswer{{{"n1", "coder", "m1", {}, "Workspace Deleted", "Dropped by rule *mute*."}}, true, {{"coder", {}, "m1"}}, {}};
  const auto page = over_socket("GET", "/why?to=ada%40example.com");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(query_->to, "ada@example.com");
  EXPECT_EQ(base::to_rfc3339(query_->since), "2026-01-29T12:00:00.000Z");
  EXPECT_TRUE(has(page, "Dropped by rule *mute*."));
  for (const auto* wrong : {"to=ada", "to=ada%40example.com&id=x", "to=ada%40example.com&since=never"})
    EXPECT_EQ(over_socket("GET", std::string("/why?") + wrong).status, 400) << wrong;
}

TEST_F(PagesTest, PreviewsAPayload) {
  preview_ = Preview{nlohmann::json::parse(R"({"dropped": null, "notes": [], "trace": [{"kind": "route", "name": "everyone", "depth": 0,
    "verdict": "matched", "why": "", "where": "belfry.yaml:3:5"}], "deliveries": [{"sink": "slack", "route": "everyone",
    "recipient": "ada@example.com", "audience": "direct", "due_at": "2026-01-31T12:00:00.000Z", "digest_due_at": null, "timing": ""}]})"),
                     {{nlohmann::json::parse(R"([{"method": "POST", "body": "<b>hello</b>"}])"), ""}}};
  const auto page = submit("/preview", "payload=%7B%22a%22%3A%22%3C%2Ftextarea%3E%22%7D");
  EXPECT_EQ(page.status, 200);
  EXPECT_TRUE(has(page, "belfry.yaml:3:5"));
  EXPECT_TRUE(has(page, "direct message to ada@example.com"));
  EXPECT_TRUE(has(page, "&lt;b&gt;hello&lt;/b&gt;"));
  EXPECT_TRUE(has(page, "{&quot;a&quot;:&quot;&lt;/textarea&gt;&quot;}</textarea>")) << page.body;
  preview_ = base::fail(base::ErrorCode::invalid, "the payload is not JSON");
  const auto refused = submit("/preview", "payload=x");
  EXPECT_EQ(refused.status, 400);
  EXPECT_TRUE(has(refused, "the payload is not JSON"));
}

TEST_F(PagesTest, ShowsTheAuditLogPageByPage) {
  EXPECT_TRUE(has(over_socket("GET", "/audit"), "No operator has changed anything yet"));
  actions_.resize(100);
  actions_.back().id = 7;
  actions_.back().by = "token alice";
  const auto page = over_socket("GET", "/audit");
  EXPECT_TRUE(has(page, "token alice"));
  EXPECT_TRUE(has(page, "/audit?cursor=a1-7"));
  static_cast<void>(over_socket("GET", "/audit?cursor=a1-7"));
  EXPECT_EQ(before_, 7);
}

TEST_F(PagesTest, ReleasesASink) {
  EXPECT_TRUE(has(submit("/sinks/release", "sink=slack"), "its deliveries are tried now"));
  EXPECT_TRUE(by_.name.contains("uid"));
  EXPECT_EQ(submit("/sinks/release", "sink=other").status, 404);
}

}  // namespace
}  // namespace belfry::api::web
