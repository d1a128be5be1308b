#include "cli/commands/deliveries/bulk_job.hpp"

#include <ostream>

#include "cli/document.hpp"

namespace belfry::cli {

using nlohmann::json;

namespace {

constexpr base::Millis kPollInterval{200};
constexpr base::Millis kLineInterval{5'000};  // between lines of progress that are not on a terminal
constexpr base::Millis kMaxSilence{30'000};   // without an answer of the gateway

// Writes "1200 of 5000". Ends its line when destroyed.
class ProgressLine {
 public:
  ProgressLine(const AdminSession& session, std::uint64_t expected)
      : session_(session), expected_(expected), written_at_(session.clock.steady()) {}
  ~ProgressLine() {
    if (open_) session_.err << "\n";
  }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void update(const json& job) {
    const auto done = count_of(job, "changed") + count_of(job, "unchanged");
    const auto text = std::to_string(done) + " of " + std::to_string(std::max(done, expected_));
    const auto now = session_.clock.steady();
    if (session_.progress) {
      session_.err << "\r" << text << "\x1b[K" << std::flush;
      open_ = true;
    } else if (now - written_at_ >= kLineInterval) {
      session_.err << text << "\n";
      written_at_ = now;
    }
  }

 private:
  const AdminSession& session_;
  std::uint64_t expected_;
  base::SteadyTime written_at_;
  bool open_ = false;
};

}  // namespace

base::Result<json> run_bulk_job(const AdminSession& session, const std::string& path, const json& body, std::uint64_t expected) {
  auto job = session.call({.path = path, .method = "POST", .body = body});
  if (!job) return job;
  const auto id = text_of(*job, "id");
  ProgressLine line(session, expected);
  auto answered_at = session.clock.steady();
  while (text_of(*job, "state") == "running") {
    line.update(*job);
    session.pause(kPollInterval);
    auto next = session.call({.path = "/api/v1/jobs/" + percent_encoded(id)});
    const auto now = session.clock.steady();
    if (next) {
      job = std::move(next);
      answered_at = now;
    } else if (next.error().code == base::ErrorCode::not_found) {
      return base::fail("the gateway has restarted and no longer has the job; run the command again to change the rest");
    } else if (next.error().code != base::ErrorCode::unavailable || now - answered_at > kMaxSilence) {
      return next;
    }
  }
  line.update(*job);
  if (text_of(*job, "state") == "done") return job;
  const auto error = text_of(*job, "error");
  return base::fail(std::to_string(count_of(*job, "changed")) + " were changed, then the job failed: " +
                    (error.empty() ? "the gateway gave no reason" : error) + "; run the command again to change the rest");
}

}  // namespace belfry::cli
