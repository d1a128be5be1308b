#include "core/why/why_fixture.hpp"

namespace belfry::why {
namespace {

class NothingArrived : public WhyTest {
 protected:
  std::string text(const std::vector<store::SourceHeard>& heard) {
    return nothing_arrived("ada@example.com", at("2026-11-29 10:00:00"), heard, context_);
  }
};

TEST_F(NothingArrived, TheSourceIsHeard) {
  EXPECT_EQ(
      text({{"coder", at("08:59:58"), "m7"}}),
      "Nothing for ada@example.com has arrived since 2026-11-29 10:00:00 CET. coder was last heard from on 2026-12-01 at 08:59:58 (msg_id "
      "m7). So the webhook works: check in Coder that ada@example.com is the address of that account, and which kinds of "
      "notification are turned on, for the deployment and in the account's notification settings.");
}

TEST_F(NothingArrived, TheSourceIsSilent) {
  EXPECT_EQ(
      text({{"coder", at("2026-11-20 08:59:58"), ""}}),
      "Nothing for ada@example.com has arrived since 2026-11-29 10:00:00 CET. coder was last heard from on 2026-11-20 at 08:59:58. No "
      "source has been heard from since then. Check `CODER_NOTIFICATIONS_METHOD` and `CODER_NOTIFICATIONS_WEBHOOK_ENDPOINT` in Coder, "
      "and that Coder can reach this gateway; `belfry status` lists requests that were refused.");
}

TEST_F(NothingArrived, NoSourceWasEverHeard) {
  EXPECT_EQ(text({}),
            "Nothing for ada@example.com has arrived since 2026-11-29 10:00:00 CET. No source has ever been heard from. Check "
            "`CODER_NOTIFICATIONS_METHOD` and `CODER_NOTIFICATIONS_WEBHOOK_ENDPOINT` in Coder, and that Coder can reach this gateway; "
            "`belfry status` lists requests that were refused.");
}

TEST_F(NothingArrived, ManySourcesAreCounted) {
  const std::vector<store::SourceHeard> many(12, {"coder", at("08:00:00"), "m\n1"});
  const auto paragraph = text(many);
  EXPECT_NE(paragraph.find("2 more sources are not listed here."), std::string::npos) << paragraph;
  EXPECT_EQ(paragraph.find('\n'), std::string::npos);
}

}  // namespace
}  // namespace belfry::why
