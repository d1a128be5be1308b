#include "base/secret.hpp"

#include <type_traits>

namespace belfry::base {
namespace {

template <class T>
concept Printable = requires(std::ostream& out, const T& value) { out << value; };
template <class T>
concept Comparable = requires(const T& a, const T& b) { a == b; };
static_assert(!Printable<Secret> && !Comparable<Secret> && !std::is_convertible_v<Secret, std::string>);

// Long enough for the heap, and short enough for the string object itself.
const std::string kLong(64, 'L');
const std::string kShort = "short-1";

TEST(Secret, HoldsAndTellsEmpty) {
  EXPECT_TRUE(Secret().empty());
  EXPECT_TRUE(Secret("").empty());
  const Secret secret(kLong);
  EXPECT_FALSE(secret.empty());
  EXPECT_EQ(secret.reveal(), kLong);
}

TEST(Secret, CopiesAndMoves) {
  for (const auto& value : {kLong, kShort}) {
    Secret first(value);
    Secret copy(first);
    Secret assigned("something else");
    assigned = first;
    EXPECT_EQ(copy.reveal(), value);
    EXPECT_EQ(assigned.reveal(), value);
    Secret moved(std::move(first));
    EXPECT_EQ(moved.reveal(), value);
    EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move): Secret guarantees that it is empty
    assigned = std::move(moved);
    EXPECT_EQ(assigned.reveal(), value);
    EXPECT_TRUE(moved.empty());  // NOLINT(bugprone-use-after-move)
    auto& self = assigned;
    assigned = self;
    assigned = std::move(self);
    EXPECT_EQ(assigned.reveal(), value);
  }
}

// The bytes of a Secret after its destruction: a short value is stored in the object itself. No part of it may remain.
TEST(Secret, WipesItsMemory) {
  alignas(Secret) std::array<unsigned char, sizeof(Secret)> place{};
  const auto holds = [&] {
    const std::string_view bytes(reinterpret_cast<const char*>(place.data()), place.size());
    return bytes.find(std::string_view(kShort).substr(1)) != std::string_view::npos;
  };
  auto* secret = new (place.data()) Secret(kShort);
  EXPECT_TRUE(holds());
  Secret other(std::move(*secret));
  EXPECT_FALSE(holds()) << "moved from";
  *secret = std::move(other);
  EXPECT_TRUE(holds());
  secret->~Secret();
  EXPECT_FALSE(holds()) << "destroyed";
}

TEST(Secret, ConstantTimeEqual) {
  EXPECT_TRUE(constant_time_equal("", ""));
  EXPECT_TRUE(constant_time_equal("abc", "abc"));
  EXPECT_FALSE(constant_time_equal("abc", "abd"));
  EXPECT_FALSE(constant_time_equal("abc", "abcd"));
  EXPECT_FALSE(constant_time_equal("abc", ""));
  EXPECT_FALSE(constant_time_equal(std::string_view("a\0b", 3), std::string_view("a\0c", 3)));
}

TEST(Scrubber, ReplacesEveryOccurrence) {
  Scrubber scrubber;
  scrubber.add_secret("xoxb-1234");
  EXPECT_EQ(scrubber.scrub("xoxb-1234xoxb-1234 a xoxb-1234"), "****** a ***");
  EXPECT_EQ(scrubber.scrub("nothing to see"), "nothing to see");
  EXPECT_EQ(scrubber.scrub(""), "");
}

TEST(Scrubber, DoesNotLearnShortValues) {
  Scrubber scrubber;
  scrubber.add_secret("");
  scrubber.add_secret("abcde");
  EXPECT_EQ(scrubber.scrub("abcde"), "abcde");
  scrubber.add_secret("abcdef");
  EXPECT_EQ(scrubber.scrub("abcdef"), "***");
}

TEST(Scrubber, ALongerSecretThatBeginsWithAShorterOneLeavesNoRest) {
  Scrubber scrubber;
  scrubber.add_secret("password");
  scrubber.add_secret("password-and-more");
  EXPECT_EQ(scrubber.scrub("x password-and-more y"), "x *** y");
}

TEST(Scrubber, ASecretMadeOfStarsEnds) {
  Scrubber scrubber;
  scrubber.add_secret("******");
  EXPECT_EQ(scrubber.scrub("************").find("******"), 0U);
}

TEST(Scrubber, ManyThreads) {
  Scrubber scrubber;
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&scrubber, t] {
      for (int i = 0; i < 200; ++i) {
        const auto value = "secret-" + std::to_string(t) + "-" + std::to_string(i) + ".";
        scrubber.add_secret(value);
        ASSERT_EQ(scrubber.scrub(value), "***");
      }
    });
  }
}

}  // namespace
}  // namespace belfry::base
