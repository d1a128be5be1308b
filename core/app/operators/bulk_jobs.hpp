// Retries or discards all deliveries that match a filter, in batches: each batch is one operation of the store, and the lanes start with it
// before the next one. Retried deliveries wait in their queues like any other, so the rates of the sinks hold.
//
// A job visits each delivery once, newest first; deliveries that are accepted after its start are left alone. It ends early if the store
// fails or the gateway stops: its changes so far remain, and the same request can be sent again.
// Thread rule: any thread. Ownership: held by shared_ptr; a running job holds it as well.
#pragma once
#include <deque>
#include <memory>
#include <mutex>

#include "api/operators/operator_backend.hpp"
#include "app/operators/services.hpp"

namespace belfry::app {

class BulkJobs : public std::enable_shared_from_this<BulkJobs> {
 public:
  static constexpr std::size_t kBatchSize = 200;
  static constexpr std::size_t kMaxJobs = 16;                         // remembered
  static constexpr base::Millis kKeptFor = std::chrono::minutes(10);  // after its end

  explicit BulkJobs(OperatorServices services) : services_(std::move(services)) {}

  // See api::OperatorBackend.
  [[nodiscard]] base::Result<api::BulkJob> begin(api::BulkAction action, store::Filter filter, store::Operator by);
  [[nodiscard]] std::optional<api::BulkJob> find(const std::string& id);

 private:
  struct Job {
    api::BulkJob shown;
    store::Filter filter;
    store::Operator by;
    store::PageRequest page = {.limit = kBatchSize};
    base::SteadyTime ended_at{};
  };

  void forget_old();  // requires mutex_
  void next_batch(const std::shared_ptr<Job>& job);
  void change(const std::shared_ptr<Job>& job, std::vector<std::string> ids);
  void changed(Job& job, const store::Changed& changed);
  void end(Job& job, std::string error);

  const OperatorServices services_;
  std::mutex mutex_;  // guards the jobs
  std::deque<std::shared_ptr<Job>> jobs_;
};

}  // namespace belfry::app
