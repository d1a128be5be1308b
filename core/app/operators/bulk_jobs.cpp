#include "app/operators/bulk_jobs.hpp"

#include <algorithm>

#include "app/operators/changes.hpp"
#include "base/gateway_clock.hpp"
#include "base/ids.hpp"
#include "route/addressing.hpp"

namespace belfry::app {
namespace {

constexpr std::size_t kMaxJobReasons = 20;
constexpr std::size_t kJobIdBytes = 8;

}  // namespace

base::Result<api::BulkJob> BulkJobs::begin(api::BulkAction action, store::Filter filter, store::Operator by) {
  if (filter.since) filter.since = base::from_wall(services_.clock, *filter.since);
  filter.email = route::normalized_email(std::move(filter.email));
  const auto job = std::make_shared<Job>(Job{.filter = std::move(filter), .by = std::move(by)});
  job->shown.id = base::random_hex(kJobIdBytes);
  job->shown.action = action;
  const auto started = job->shown;
  {
    const std::lock_guard lock(mutex_);
    forget_old();
    for (const auto& other : jobs_) {
      if (other->shown.state != api::BulkJob::State::running) continue;
      return base::fail(base::ErrorCode::unavailable, "the bulk " + std::string(to_string(other->shown.action)) + " " + other->shown.id +
                                                          " is running; start another one when it has ended");
    }
    jobs_.push_back(job);
  }
  services_.log.info("bulk job started", {{"job", started.id}, {"action", to_string(action)}, {"by", job->by.name}});
  next_batch(job);
  return started;
}

std::optional<api::BulkJob> BulkJobs::find(const std::string& id) {
  const std::lock_guard lock(mutex_);
  forget_old();
  const auto found = std::ranges::find_if(jobs_, [&](const auto& job) { return job->shown.id == id; });
  return found == jobs_.end() ? std::nullopt : std::optional((*found)->shown);
}

void BulkJobs::forget_old() {
  const auto now = services_.clock.steady();
  const auto ended = [](const auto& job) { return job->shown.state != api::BulkJob::State::running; };
  std::erase_if(jobs_, [&](const auto& job) { return ended(job) && now - job->ended_at >= kKeptFor; });
  while (jobs_.size() >= kMaxJobs) {
    const auto oldest = std::ranges::find_if(jobs_, ended);
    if (oldest == jobs_.end()) return;
    jobs_.erase(oldest);
  }
}

// Runs on the store's thread, except for the first batch.
void BulkJobs::next_batch(const std::shared_ptr<Job>& job) {
  if (services_.stopping.stop_requested()) return end(*job, "the gateway is stopping; start the job again when it is back");
  services_.store.list(job->filter, job->page, services_.clock.now(),
                       [self = shared_from_this(), job](const base::Result<store::DeliveryPage>& page) {
                         if (!page) return self->end(*job, page.error().message);
                         job->page.before = page->next;
                         std::vector<std::string> ids;
                         for (const auto& listed : page->deliveries) ids.push_back(listed.delivery.id);
                         if (ids.empty()) return self->end(*job, "");
                         self->change(job, std::move(ids));
                       });
}

void BulkJobs::change(const std::shared_ptr<Job>& job, std::vector<std::string> ids) {
  change_deliveries(services_, job->shown.action, std::move(ids), job->by,
                    [self = shared_from_this(), job](const base::Result<store::Changed>& changed) {
                      if (!changed) return self->end(*job, changed.error().message);
                      self->changed(*job, *changed);
                      if (job->page.before == 0) return self->end(*job, "");
                      self->next_batch(job);
                    });
}

void BulkJobs::changed(Job& job, const store::Changed& changed) {
  const std::lock_guard lock(mutex_);
  job.shown.changed += changed.changed.size();
  job.shown.unchanged += changed.unchanged.size();
  for (const auto& one : changed.unchanged) {
    const bool counted = job.shown.reasons.contains(one.why) || job.shown.reasons.size() < kMaxJobReasons;
    ++job.shown.reasons[counted ? one.why : "other"];
  }
}

void BulkJobs::end(Job& job, std::string error) {
  api::BulkJob ended;
  {
    const std::lock_guard lock(mutex_);
    job.shown.state = error.empty() ? api::BulkJob::State::done : api::BulkJob::State::failed;
    job.shown.error = std::move(error);
    job.ended_at = services_.clock.steady();
    ended = job.shown;
  }
  if (!ended.error.empty())
    return services_.log.error("bulk job ended early", {{"job", ended.id}, {"changed", ended.changed}, {"why", ended.error}});
  services_.log.info("bulk job ended", {{"job", ended.id}, {"changed", ended.changed}, {"unchanged", ended.unchanged}});
}

}  // namespace belfry::app
