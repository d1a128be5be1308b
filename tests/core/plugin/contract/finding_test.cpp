#include "plugin/contract/finding.hpp"

#include <gmock/gmock.h>

#include "plugin/contract/abi.hpp"

namespace belfry::plugin {
namespace {

using Severity = Finding::Severity;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class FindingTest : public ::testing::Test {
 protected:
  static belfry_finding raw(std::uint32_t severity, std::string_view pointer, std::string_view text, std::string_view remedy = {}) {
    return {sizeof(belfry_finding), severity, str(pointer), str(text), str(remedy)};
  }
  Finding decoded(const belfry_finding& finding) { return decode_finding(&finding, scrubber_).finding.value_or(Finding{}); }
  belfry_status add(const belfry_finding& finding) { return collector_.receiver()->add(collector_.receiver()->ctx, &finding); }

  base::Scrubber scrubber_;
  FindingCollector collector_{scrubber_};
};

TEST_F(FindingTest, SeveritiesAndTheRemedy) {
  EXPECT_EQ(decoded(raw(BELFRY_FINDING_ERROR, "/a", "it is wrong", "take another")),
            (Finding{Severity::error, "/a", "it is wrong; take another"}));
  EXPECT_EQ(decoded(raw(BELFRY_FINDING_WARNING, "/a", "it is old")), (Finding{Severity::warning, "/a", "it is old"}));
  EXPECT_EQ(decoded(raw(BELFRY_FINDING_NOTE, "", "it answers")), (Finding{Severity::note, "", "it answers"}));
  for (const std::uint32_t unknown : {0U, 4U, 0xFFFFFFFFU}) EXPECT_EQ(decoded(raw(unknown, "", "new")).severity, Severity::warning);
}

TEST_F(FindingTest, TextsAreScrubbedAndOnOneLine) {
  scrubber_.add_secret("xoxb-1234567890");
  EXPECT_EQ(decoded(raw(BELFRY_FINDING_ERROR, "/xoxb-1234567890", "a\nb xoxb-1234567890", "\xFF")),
            (Finding{Severity::error, "/***", "a b ***; \xEF\xBF\xBD"}));
}

TEST_F(FindingTest, ATextOverTheBoundIsCutAndADefect) {
  const std::string longer(BELFRY_MAX_FINDING_TEXT_BYTES + 1, 'x');
  const auto finding = raw(BELFRY_FINDING_NOTE, "", longer);
  const auto cut = decode_finding(&finding, scrubber_);
  ASSERT_TRUE(cut.finding);
  EXPECT_EQ(cut.finding->text, longer.substr(1));
  EXPECT_EQ(cut.defect, "a text of a finding is over 1,000 bytes");
}

TEST_F(FindingTest, OfAnOlderPlugin) {
  auto finding = raw(BELFRY_FINDING_NOTE, "/a", "text", "remedy");
  finding.size = offsetof(belfry_finding, remedy);
  EXPECT_EQ(decoded(finding).text, "text");
}

TEST_F(FindingTest, AreCollectedInOrder) {
  EXPECT_EQ(add(raw(BELFRY_FINDING_WARNING, "/a", "one")), BELFRY_OK);
  EXPECT_EQ(add(raw(BELFRY_FINDING_ERROR, "", "two")), BELFRY_OK);
  EXPECT_THAT(collector_.findings(), ElementsAre(Finding{Severity::warning, "/a", "one"}, Finding{Severity::error, "", "two"}));
  EXPECT_EQ(collector_.defect(), "");
}

TEST_F(FindingTest, NullIsRefused) {
  EXPECT_NE(collector_.receiver()->add(collector_.receiver()->ctx, nullptr), BELFRY_OK);
  EXPECT_THAT(collector_.findings(), IsEmpty());
  EXPECT_EQ(collector_.defect(), "a finding is null");
}

TEST_F(FindingTest, AFloodIsDropped) {
  const auto finding = raw(BELFRY_FINDING_NOTE, "", "again");
  for (unsigned i = 0; i < BELFRY_MAX_FINDINGS; ++i) ASSERT_EQ(add(finding), BELFRY_OK);
  EXPECT_NE(add(finding), BELFRY_OK);
  EXPECT_EQ(collector_.findings().size(), BELFRY_MAX_FINDINGS);
  EXPECT_EQ(collector_.defect(), "there are more than 100 findings");
}

TEST(ConfigureFindings, AnErrorOrTheStatusRefuses) {
  const Finding error{Severity::error, "/a", "is wrong"};
  const Finding warning{Severity::warning, "/a", "is deprecated"};
  EXPECT_FALSE(has_error(configure_findings(BELFRY_OK, {})));
  EXPECT_FALSE(has_error(configure_findings(BELFRY_OK, {warning})));
  EXPECT_THAT(configure_findings(BELFRY_OK, {error}), ElementsAre(error));
  EXPECT_THAT(configure_findings(BELFRY_FAILED, {error}), ElementsAre(error));
  const Finding fallback{Severity::error, "", "the plugin refuses this configuration without giving a reason (code 7)"};
  EXPECT_THAT(configure_findings(7, {}), ElementsAre(fallback));
  EXPECT_THAT(configure_findings(7, {warning}), ElementsAre(warning, fallback)) << "a warning does not explain the refusal";
}

}  // namespace
}  // namespace belfry::plugin
