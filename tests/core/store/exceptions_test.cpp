// An exception on a thread of the store fails only its own operation: the thread continues, and the operation has no effect.
#include <gmock/gmock.h>

#include <atomic>

#include "core/store/store_fixture.hpp"
#include "store/group/group_store.hpp"
#include "store/sqlite/medium.hpp"

namespace belfry::store {
namespace {

enum class Point { none, tables, begin, commit, refuses };

// Throws an exception other than MediumFailure once, at the point set by the test.
class ThrowingMedium final : public Medium {
 public:
  ThrowingMedium(std::unique_ptr<Medium> inner, std::atomic<Point>& armed) : inner_(std::move(inner)), armed_(armed) {}

  Tables& tables() override { return at(Point::tables), inner_->tables(); }
  [[nodiscard]] std::shared_ptr<const Backlog> backlog() const override { return inner_->backlog(); }
  void begin_group() override { at(Point::begin), inner_->begin_group(); }
  void commit_group() override { at(Point::commit), inner_->commit_group(); }
  void rollback_group() noexcept override { inner_->rollback_group(); }
  void note_failure(const MediumFailure& failure) noexcept override { inner_->note_failure(failure); }
  void after_group(bool idle) noexcept override { inner_->after_group(idle); }
  std::optional<std::string> refusal_reason() override { return at(Point::refuses), inner_->refusal_reason(); }
  base::Result<Snapshot> hold_snapshot() override { return inner_->hold_snapshot(); }
  void release_snapshot(const Snapshot& snapshot) noexcept override { inner_->release_snapshot(snapshot); }

 private:
  void at(Point point) {
    if (auto expected = point; armed_.compare_exchange_strong(expected, Point::none)) throw std::logic_error("thrown by the test");
  }
  const std::unique_ptr<Medium> inner_;
  std::atomic<Point>& armed_;
};

class ThrownTest : public testing::Test {
 protected:
  std::unique_ptr<Store> open(CommitObserver observer = {}) {
    auto inner = std::make_unique<sqlite::SqliteMedium>(file_, clock_, silent());
    return std::make_unique<GroupStore>(std::make_unique<ThrowingMedium>(std::move(inner), armed_), clock_, std::move(observer));
  }
  static std::size_t waiting(Store& store) { return Calls(store).deliveries()->size(); }

  TemporaryDirectory directory_;
  std::filesystem::path file_ = directory_.path() / "belfry.db";
  base::ManualClock clock_{kStart};
  std::atomic<Point> armed_ = Point::none;
};

TEST_F(ThrownTest, AtEveryPointOfAGroup) {
  const auto store = open();
  std::size_t kept = 0;
  for (const auto point : {Point::tables, Point::begin, Point::commit, Point::refuses}) {
    const auto id = "n" + std::to_string(static_cast<int>(point));
    armed_ = point;
    const auto refused = Calls(*store).accept(simple(id, id));
    ASSERT_FALSE(refused) << id;
    EXPECT_EQ(refused.error().message, "thrown by the test");
    EXPECT_EQ(armed_, Point::none);
    EXPECT_EQ(waiting(*store), kept) << id;
    const auto again = Calls(*store).accept(simple(id, id));
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_FALSE(again->duplicate) << "the operation had no effect";
    ++kept;
  }
}

TEST_F(ThrownTest, ByAnObserverAndByHandlers) {
  const auto store = open([](base::Millis, std::size_t) { throw std::bad_alloc(); });
  ASSERT_TRUE(Calls(*store).accept(simple("first", "first")));
  store->accept(simple("second", "second"), [](const base::Result<Accepted>&) { throw 42; });  // NOLINT(hicpp-exception-baseclass)
  store->probe([](const base::Result<bool>&) { throw std::runtime_error("by the handler"); });
  EXPECT_EQ(waiting(*store), 2U);
}

TEST_F(ThrownTest, ByTheHandlerOfABackup) {
  const auto store = open();
  std::promise<void> called;
  store->backup(directory_.path() / "one.db", kStart, [&](const base::Result<Backup>& made) {
    EXPECT_TRUE(made);
    called.set_value();
    throw std::runtime_error("by the handler");
  });
  called.get_future().wait();
  ASSERT_TRUE(Calls(*store).accept(simple("after", "after")));
  const auto again = [&] {
    return answer<Backup>([&](auto handler) { store->backup(directory_.path() / "two.db", kStart, std::move(handler)); });
  };
  auto made = again();
  EXPECT_TRUE(made) << made.error().message;
}

}  // namespace
}  // namespace belfry::store
