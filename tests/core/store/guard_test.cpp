// An exception on the store's thread fails only the call that caused it, and never ends the thread.
#include "core/store/store_fixture.hpp"
#include "store/group/group_store.hpp"

namespace belfry::store {
namespace {

TEST_P(StoreTest, AHandlerThatThrowsStopsNobody) {
  store_->probe([](const base::Result<bool>&) { throw std::runtime_error("broken"); });
  store_->probe([](const base::Result<bool>&) { throw 42; });  // NOLINT(hicpp-exception-baseclass)
  store_->ping([](const base::Result<bool>&) { throw std::bad_alloc(); });
  EXPECT_TRUE(calls_.probe());
  EXPECT_TRUE(calls_.accept(simple("1")));
}

// A medium that throws an unexpected exception.
class BrokenMedium final : public Medium {
 public:
  explicit BrokenMedium(std::shared_ptr<std::vector<std::string>> bugs) : bugs_(std::move(bugs)) {}
  Tables& tables() override { std::abort(); }
  [[nodiscard]] std::shared_ptr<const Backlog> backlog() const override { return std::make_shared<const Backlog>(); }
  void begin_group() override { throw 42; }  // NOLINT(hicpp-exception-baseclass)
  void commit_group() override {}
  void rollback_group() noexcept override {}
  void note_failure(const MediumFailure&) noexcept override {}
  void note_bug(const char* what) noexcept override { bugs_->emplace_back(what); }
  void after_group(bool) noexcept override {}

 private:
  std::shared_ptr<std::vector<std::string>> bugs_;
};

TEST(GroupStore, WhateverAMediumThrowsIsAnAnswer) {
  base::ManualClock clock{kStart};
  const auto bugs = std::make_shared<std::vector<std::string>>();
  GroupStore store(std::make_unique<BrokenMedium>(bugs), clock, [](base::Millis, std::size_t) {});
  for (int i = 0; i < 3; ++i) {
    const auto probed = Calls(store).probe();
    ASSERT_FALSE(probed);
    EXPECT_EQ(probed.error().message, "something that is no std::exception");
  }
  store.probe([](const base::Result<bool>&) { throw std::runtime_error("broken handler"); });
  EXPECT_FALSE(Calls(store).probe());
  store.close();
  EXPECT_EQ(*bugs, std::vector<std::string>{"broken handler"});
}

}  // namespace
}  // namespace belfry::store
