// A store that refuses some calls, as a store with damaged rows does. Forwards all others to the store inside.
#pragma once
#include <atomic>
#include <memory>

#include "store/store.hpp"

namespace belfry::delivery {

class RefusingStore final : public store::Store {
 public:
  using Millis = base::Millis;
  using Timestamp = base::Timestamp;
  template <class T>
  using Handler = store::Handler<T>;

  explicit RefusingStore(std::unique_ptr<store::Store> inside) : inside_(std::move(inside)) {}

  std::atomic<int> begins = 0;          // this many calls are refused
  std::atomic<int> finishes = 0;        // this many calls with an attempt are refused
  std::atomic<int> plain_finishes = 0;  // this many calls without an attempt are refused
  std::atomic<int> leases = 0;
  std::atomic<int> releases = 0;
  std::atomic<int> refused = 0;  // calls refused so far

  void accept(store::Acceptance a, Handler<store::Accepted> h) override { inside_->accept(std::move(a), std::move(h)); }
  void lease(store::LeaseRequest r, Handler<store::Lease> h) override {
    if (refuse(leases)) return h(refusal());
    r.begin = r.begin && !separate_begin;
    inside_->lease(std::move(r), std::move(h));
  }
  void lease_expired(store::LeaseRequest r, Handler<store::Lease> h) override { inside_->lease_expired(std::move(r), std::move(h)); }
  void release(std::string c, std::uint32_t n, Timestamp at, Handler<bool> h) override {
    if (refuse(releases)) return h(refusal());
    inside_->release(std::move(c), n, at, std::move(h));
  }
  void begin(std::string c, bool p, Timestamp now, Handler<std::uint32_t> h) override {
    if (refuse(begins)) return h(refusal());
    inside_->begin(std::move(c), p, now, std::move(h));
  }
  void finish(store::Finish f, Handler<store::Finished> h) override {
    if (refuse(f.attempt == 0 ? plain_finishes : finishes)) return h(refusal());
    inside_->finish(std::move(f), std::move(h));
  }
  void finish_late(std::string id, std::uint32_t n, model::Outcome o, Timestamp now, Handler<store::LateResult> h) override {
    inside_->finish_late(std::move(id), n, std::move(o), now, std::move(h));
  }
  void pause_queue(std::string s, std::string d, Timestamp until, Handler<bool> h) override {
    inside_->pause_queue(std::move(s), std::move(d), until, std::move(h));
  }
  void end_backoff(std::string s, Timestamp now, Handler<std::size_t> h) override { inside_->end_backoff(std::move(s), now, std::move(h)); }
  [[nodiscard]] store::Stats stats(Timestamp now) const override { return inside_->stats(now); }
  void ping(Handler<bool> h) override { inside_->ping(std::move(h)); }
  void list(store::Filter f, store::PageRequest p, Timestamp now, Handler<store::DeliveryPage> h) override {
    inside_->list(std::move(f), p, now, std::move(h));
  }
  void resolve(std::string id, Handler<std::vector<std::string>> h) override { inside_->resolve(std::move(id), std::move(h)); }
  void notifications_for(std::string e, Timestamp since, std::size_t limit, Handler<std::vector<std::string>> h) override {
    inside_->notifications_for(std::move(e), since, limit, std::move(h));
  }
  void sources_heard(Handler<std::vector<store::SourceHeard>> h) override { inside_->sources_heard(std::move(h)); }
  void history(std::string id, Handler<store::History> h) override { inside_->history(std::move(id), std::move(h)); }
  void list_notifications(Timestamp since, std::int64_t from, std::size_t limit, Handler<store::NotificationPage> h) override {
    inside_->list_notifications(since, from, limit, std::move(h));
  }
  void retry(std::vector<std::string> ids, store::Operator by, Timestamp now, store::RetryAges a, Handler<store::Changed> h) override {
    inside_->retry(std::move(ids), std::move(by), now, std::move(a), std::move(h));
  }
  void reroute(store::Acceptance plan, store::Operator by, Timestamp now, Handler<store::Changed> h) override {
    inside_->reroute(std::move(plan), std::move(by), now, std::move(h));
  }
  void discard(std::vector<std::string> ids, store::Operator by, Timestamp now, Handler<store::Changed> h) override {
    inside_->discard(std::move(ids), std::move(by), now, std::move(h));
  }
  void audit(store::OperatorAction a, Handler<bool> h) override { inside_->audit(std::move(a), std::move(h)); }
  void list_audit(std::int64_t before, std::size_t limit, Handler<std::vector<store::OperatorAction>> h) override {
    inside_->list_audit(before, limit, std::move(h));
  }
  void sweep(Timestamp before, std::size_t limit, Handler<store::SweepResult> h) override { inside_->sweep(before, limit, std::move(h)); }
  void kv_get(std::string s, std::string k, Handler<std::optional<store::KvValue>> h) override {
    inside_->kv_get(std::move(s), std::move(k), std::move(h));
  }
  void kv_put(std::string s, std::string k, std::string v, std::optional<std::uint64_t> e, Handler<std::uint64_t> h) override {
    inside_->kv_put(std::move(s), std::move(k), std::move(v), e, std::move(h));
  }
  void kv_erase(std::string s, std::string k, Handler<bool> h) override { inside_->kv_erase(std::move(s), std::move(k), std::move(h)); }
  void probe(Handler<bool> h) override { inside_->probe(std::move(h)); }
  void clock(Handler<store::StoredClock> h) override { inside_->clock(std::move(h)); }
  void save_clock(base::ClockCheckpoint mark, Handler<std::size_t> h) override { inside_->save_clock(std::move(mark), std::move(h)); }
  void age_deliveries(Millis passed, Timestamp created_before, Handler<std::size_t> h) override {
    inside_->age_deliveries(passed, created_before, std::move(h));
  }
  void backup(std::filesystem::path file, Timestamp now, Handler<store::Backup> h) override {
    inside_->backup(std::move(file), now, std::move(h));
  }
  void close() override { inside_->close(); }

  bool separate_begin = false;

 private:
  bool refuse(std::atomic<int>& left) {
    if (left.fetch_sub(1) <= 0) {
      ++left;
      return false;
    }
    ++refused;
    return true;
  }
  static std::unexpected<base::Error> refusal() { return base::fail(base::ErrorCode::failed, "a row is damaged"); }

  std::unique_ptr<store::Store> inside_;
};

}  // namespace belfry::delivery
