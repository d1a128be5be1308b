// Severity, kind of event, time, and the note about shortened text.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugins/slack/block_kit_check.hpp"
#include "plugins/slack/message_documents.hpp"
#include "slack/message/payload.hpp"

namespace belfry::slack {
namespace {

using nlohmann::json;
using slack_test::check_post;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

const RenderOptions kFooterOptions = {.coder_url = "https://coder.example.com", .buttons = true};
const std::string kDate = "<!date^1767225600^{date_short_pretty} at {time}|2026-01-01 00:00 UTC>";

json made(const json& document, const RenderOptions& options = kFooterOptions) {
  json post = json::parse(slack::message_payload(Message(document), "U1", options));
  EXPECT_THAT(check_post(post), IsEmpty());
  EXPECT_THAT(check_post(json::parse(text_only_payload(Message(document), "U1", options))), IsEmpty());
  return post;
}

std::string header(const json& post) { return post["blocks"][0]["text"]["text"]; }
std::string last_note(const json& post) {
  const json& block = post["blocks"].back();
  return block["type"] == "context" ? block["elements"][0]["text"] : json("no note");
}

TEST(Footer, SaysWhatAndWhen) { EXPECT_EQ(last_note(made(testkit::notification())), "Workspace Created · " + kDate); }

TEST(Footer, CanBeSwitchedOff) {
  RenderOptions options = kFooterOptions;
  options.footer = false;
  EXPECT_EQ(last_note(made(testkit::notification(), options)), "no note");
  EXPECT_THAT(text_only_payload(Message(testkit::notification()), "U1", options), Not(HasSubstr("date")));
}

TEST(Footer, LeavesOutWhatIsNotKnown) {
  EXPECT_EQ(last_note(made(notification_with("name", ""))), kDate);
  EXPECT_EQ(last_note(made(notification_with("name", "Workspace 'bobby-workspace' created"))), kDate) << "the title contains it";
  for (const std::int64_t odd :
       {std::int64_t{0}, std::int64_t{-1}, std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min()}) {
    EXPECT_EQ(last_note(made(notification_with("received_at_ms", odd))), "Workspace Created");
  }
}

TEST(Footer, TheNameIsForeignText) {
  EXPECT_THAT(last_note(made(notification_with("name", "<!channel> *x* <!date^1^{time}|y>"))),
              StartsWith("&lt;!channel&gt; \u200b*\u200bx"));
  EXPECT_EQ(last_note(made(notification_with("name", std::string(500, 'n')))), std::string(59, 'n') + "… · " + kDate);
}

TEST(Footer, ADigestSpansItsNotifications) {
  json document = testkit::digest(3);
  EXPECT_EQ(last_note(made(document)), kDate) << "all at the same time";
  document["items"][1]["received_at_ms"] = 1767225600000 - 3'600'000;
  EXPECT_EQ(last_note(made(document)), "<!date^1767222000^{date_short_pretty} at {time}|2025-12-31 23:00 UTC> – " + kDate);
}

TEST(Severity, IsAPictureAWordAndAWordForScreenReaders) {
  const json post = made(notification_with("severity", "critical"));
  EXPECT_EQ(header(post), "🚨 Workspace 'bobby-workspace' created");
  EXPECT_EQ(last_note(post), "Critical · Workspace Created · " + kDate);
  EXPECT_THAT(post["text"].get<std::string>(), StartsWith("Critical: Workspace"));
}

TEST(Severity, EachHasItsOwn) {
  std::set<std::string> headers;
  for (const char* severity : {"info", "warning", "error", "critical", ""})
    headers.insert(header(made(notification_with("severity", severity))));
  EXPECT_EQ(headers.size(), 5u);
}

TEST(Severity, UnknownOnesAreNone) {
  for (const json& odd : {json("CRITICAL"), json("<!channel>"), json(7), json(nullptr)}) {
    EXPECT_EQ(header(made(notification_with("severity", odd))), "Workspace 'bobby-workspace' created");
  }
}

TEST(Severity, CanBeSwitchedOff) {
  RenderOptions options = kFooterOptions;
  options.severity = false;
  EXPECT_EQ(made(notification_with("severity", "critical"), options), made(testkit::notification()));
}

TEST(Severity, IsPartOfEachEntryOfADigest) {
  json document = testkit::digest(2);
  document["items"][1]["severity"] = "warning";
  const json post = made(document);
  EXPECT_THAT(post["blocks"][1]["text"]["text"].get<std::string>(), StartsWith("*Workspace"));
  EXPECT_THAT(post["blocks"][3]["text"]["text"].get<std::string>(), StartsWith("⚠️ Warning: *Workspace"));
}

TEST(ShortenedNote, LinksToTheFirstAction) {
  const std::string body(50'000, 'y');
  const auto note = [](const json& post) {
    for (const json& block : post["blocks"]) {
      if (block["type"] == "context") return block["elements"][0]["text"].get<std::string>();
    }
    return std::string();
  };
  json document = notification_with("body_markdown", body);
  EXPECT_EQ(note(made(document)),
            "This text is shortened: Slack takes no more. <https://coder.example.com/@bobby/bobby-workspace|View workspace>");
  const std::string alone = "This text is shortened: Slack takes no more.";
  document["items"][0]["actions"][0]["url"] = "javascript:alert(1)";
  EXPECT_EQ(note(made(document)), alone);
  document["items"][0]["actions"][0]["url"] = "https://a.b/" + std::string(1000, 'x');
  EXPECT_EQ(note(made(document)), alone) << "the URL is too long";
  document["items"][0]["actions"] = json::array();
  EXPECT_EQ(note(made(document)), alone);
  document["items"][0]["actions"] = {{{"label", "Run"}, {"url", "javascript:alert(1)"}},
                                     {{"label", "Mail"}, {"url", "mailto:ops@example.com"}},
                                     {{"label", "Far"}, {"url", "https://a.b/" + std::string(1000, 'x')}},
                                     {{"label", "Log"}, {"url", "/log"}}};
  EXPECT_EQ(note(made(document)), alone + " <https://coder.example.com/log|Log>") << "the first URL that can be opened";
}

}  // namespace
}  // namespace belfry::slack
