#include "console/format.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "belfry/testkit/messages.hpp"

namespace belfry::console {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

TEST(AsText, IsABlockOfLines) {
  EXPECT_EQ(as_text(Message(testkit::notification("d1"))),
            "To bobby@coder.com, delivery d1\n"
            "  Workspace 'bobby-workspace' created\n"
            "  Hi Bobby, the workspace bobby-workspace has been created.\n"
            "  [View workspace] https://coder.example.com/@bobby/bobby-workspace\n"
            "\n");
}

TEST(AsText, MarksWhatIsSpecial) {
  json document = testkit::shared_notification("");
  document["possible_duplicate"] = true;
  EXPECT_TRUE(as_text(Message(document)).starts_with("To (no address) (shared), delivery ")) << as_text(Message(document));
  EXPECT_THAT(as_text(Message(document)), HasSubstr(", may be a repeat\n"));
}

TEST(AsText, ShowsEveryItemOfADigest) {
  json document = testkit::digest(2);
  document["items"][1]["title"] = "Second";
  EXPECT_THAT(as_text(Message(document)), HasSubstr("  Second\n"));
}

TEST(AsText, SaysWhyADigestIsOne) {
  json document = testkit::digest(2);
  document["note"] = "More than 3 within 1h\x1b";
  EXPECT_THAT(as_text(Message(document)), HasSubstr("\n  More than 3 within 1h\\x1b\n"));
}

TEST(AsText, CannotDriveATerminal) {
  json document = testkit::notification();
  document["items"][0]["title"] = "a\x1b[2J\nb\u202e\u009b";
  document["items"][0]["body"] = "line\r\n\tnext\x07 é日🎉";
  document["items"][0]["actions"][0]["label"] = "\x7f";
  const std::string text = as_text(Message(document));
  EXPECT_THAT(text, HasSubstr("  a\\x1b[2J\\x0ab\\u202e\\x9b\n"));
  EXPECT_THAT(text, HasSubstr("  line\\x0d\n  \tnext\\x07 é日🎉\n"));
  EXPECT_THAT(text, HasSubstr("[\\x7f]"));
}

TEST(AsText, MasksSensitiveText) {
  json document = testkit::notification();
  document["sensitive"] = true;
  for (const std::string& text : {as_text(Message(document)), as_json(Message(document))}) {
    EXPECT_THAT(text, HasSubstr("(sensitive)"));
    EXPECT_THAT(text, Not(HasSubstr("workspace")));
  }
}

TEST(AsJson, IsTheDocumentOnOneLine) {
  json document = testkit::notification();
  document["items"][0]["title"] = "a\n\x1b\u202e";
  const std::string line = as_json(Message(document));
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  EXPECT_EQ(line.find('\x1b'), std::string::npos);
  EXPECT_EQ(json::parse(line), document);
}

}  // namespace
}  // namespace belfry::console
