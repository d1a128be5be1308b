// The conformance suite for implementations of Store. To add one, write a Factory in store_test.cpp.
#pragma once
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "store/open.hpp"

namespace belfry::store {

using namespace std::chrono_literals;

inline constexpr base::Timestamp kStart{std::chrono::milliseconds(1'790'000'000'000)};

// Waits for the result of a call.
template <class T, class Call>
base::Result<T> answer(Call call) {
  std::promise<base::Result<T>> promise;
  auto future = promise.get_future();
  call(Handler<T>([&promise](base::Result<T> result) { promise.set_value(std::move(result)); }));
  return future.get();
}

// Blocking versions of the store's calls.
class Calls {
 public:
  explicit Calls(Store& store) : store_(store) {}

  base::Result<Accepted> accept(Acceptance acceptance);
  base::Result<Lease> lease(base::Timestamp now, std::size_t limit = 10, std::string sink = "slack", base::Millis time = 30s);
  base::Result<Lease> lease_expired(base::Timestamp now, std::size_t limit = 10, std::string sink = "slack");
  base::Result<Lease> lease_and_begin(base::Timestamp now, std::size_t limit = 10, base::Millis time = 30s, std::string sink = "slack");
  base::Result<bool> release(std::string claim, base::Timestamp at, std::uint32_t attempt = 0);
  base::Result<std::uint32_t> begin(std::string claim, base::Timestamp now, bool possible_duplicate = false);
  base::Result<Finished> finish(Finish finish);
  base::Result<LateResult> finish_late(std::string id, std::uint32_t attempt, model::Outcome outcome, base::Timestamp now);
  base::Result<bool> pause(std::string destination_key, base::Timestamp until, std::string sink = "slack");
  base::Result<std::size_t> end_backoff(base::Timestamp now, std::string sink = "slack");
  base::Result<Stats> stats(base::Timestamp now);
  base::Result<DeliveryPage> list(Filter filter, PageRequest page = {}, base::Timestamp now = kStart);
  base::Result<std::vector<model::Delivery>> deliveries(Filter filter = {}, base::Timestamp now = kStart);  // all pages of list()
  base::Result<std::vector<std::string>> resolve(std::string id);
  base::Result<std::vector<std::string>> notifications_for(std::string email, base::Timestamp since = {}, std::size_t limit = 100);
  base::Result<std::vector<SourceHeard>> sources_heard();
  base::Result<History> history(std::string notification_id);
  base::Result<NotificationPage> list_notifications(base::Timestamp since, std::int64_t from, std::size_t limit);
  // By alice; the sinks slack and mail are configured.
  base::Result<Changed> retry(std::vector<std::string> ids, base::Timestamp now, base::Millis max_age = 24h, std::string reason = {});
  base::Result<Changed> reroute(Acceptance plan, base::Timestamp now, std::string reason = {});
  base::Result<Changed> discard(std::vector<std::string> ids, base::Timestamp now, std::string reason = {});
  base::Result<bool> audit(OperatorAction action);
  base::Result<std::vector<OperatorAction>> list_audit(std::int64_t before = 0, std::size_t limit = 100);
  base::Result<SweepResult> sweep(base::Timestamp before, std::size_t limit = 100);
  base::Result<std::optional<KvValue>> kv_get(std::string scope, std::string key);
  base::Result<std::uint64_t> kv_put(std::string scope, std::string key, std::string value, std::optional<std::uint64_t> expected = {});
  base::Result<bool> kv_erase(std::string scope, std::string key);
  base::Result<bool> probe();
  base::Result<StoredClock> clock();
  base::Result<std::size_t> save_clock(base::ClockCheckpoint mark);
  base::Result<std::size_t> age_deliveries(base::Millis passed, base::Timestamp created_before);

 private:
  Store& store_;
};

// ---- builders

model::Notification notification(const std::string& id);  // msg_id "msg-ID", title "title of ID", for bobby@coder.com
PlannedDelivery planned(const std::string& id, const std::string& address = "bobby@coder.com", base::Timestamp now = kStart,
                        const std::string& sink = "slack");
Acceptance acceptance(const std::string& id, std::vector<PlannedDelivery> deliveries);
Acceptance simple(const std::string& id, const std::string& address = "bobby@coder.com", base::Timestamp now = kStart);  // delivery "d-ID"
model::Outcome delivered();
model::Outcome failed(const std::string& reason = "http_500");
Finish finish_of(const Leased& leased, std::uint32_t attempt, model::Outcome outcome, Disposition next, base::Timestamp now);
std::vector<std::string> ids(const Lease& lease);
std::vector<std::string> whats(const History& history);  // the event of each decision

class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

struct Factory {
  std::string name;
  std::function<std::unique_ptr<Store>(const std::filesystem::path& directory, const base::Clock& clock)> make;
  bool keeps = false;  // a new store in the same directory has all data
};

class StoreTest : public testing::TestWithParam<Factory> {
 protected:
  // Leases the one ready delivery, begins an attempt and finishes it as given.
  base::Result<Finished> deliver(base::Timestamp now, model::Outcome outcome, Disposition next);

  TemporaryDirectory directory_;
  base::ManualClock clock_{kStart};
  std::unique_ptr<Store> store_ = GetParam().make(directory_.path(), clock_);
  Calls calls_{*store_};
};

base::Logger silent();

}  // namespace belfry::store
