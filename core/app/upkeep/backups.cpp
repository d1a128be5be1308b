#include "app/upkeep/backups.hpp"

#include <fstream>
#include <mutex>

#include "base/ids.hpp"

namespace belfry::app {
namespace {

constexpr std::size_t kChunkSize = 4UL * 1024 * 1024;
constexpr auto kIdleTimeout = std::chrono::minutes(10);  // without a request for it
constexpr std::string_view kPrefix = "belfry-backup-";
constexpr std::string_view kSuffix = ".tmp";

void remove_copy(const std::filesystem::path& file) {
  std::error_code ignored;
  for (const auto* end : {"", "-wal", "-journal"}) std::filesystem::remove(file.string() + end, ignored);
}

void remove_leftovers(const std::filesystem::path& directory) {
  std::error_code error;
  for (std::filesystem::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) {
    const auto name = entry->path().filename().string();
    std::error_code ignored;
    if (name.starts_with(kPrefix) && name.contains(kSuffix)) std::filesystem::remove(entry->path(), ignored);
  }
}

}  // namespace

struct Backups::State {
  struct Job {
    std::string id;
    std::filesystem::path file;
    std::optional<base::Result<store::Backup>> result;  // none: in progress
    base::SteadyTime touched{};
  };

  store::Store& store;
  const base::Clock& clock;
  std::filesystem::path directory;
  base::Logger log;
  std::mutex mutex;
  std::optional<Job> job;
  bool stopping = false;

  // Requires `mutex`.
  Job* find(const std::string& id) {
    if (!job || job->id != id) return nullptr;
    job->touched = clock.steady();
    return &*job;
  }

  void remove() {
    if (job && job->result) {
      remove_copy(job->file);
      job.reset();
    }
  }

  void made(const std::string& id, base::Result<store::Backup> result) {
    const std::lock_guard lock(mutex);
    if (!job || job->id != id) return;
    if (result) {
      log.info("backup completed", {{"bytes", result->bytes}, {"waiting", result->waiting}});
    } else {
      log.error("backup failed", {{"why", result.error().message}});
    }
    job->touched = clock.steady();
    job->result = std::move(result);
    if (stopping) remove();
  }
};

namespace {

template <class Job>
nlohmann::json document(const Job& job) {
  nlohmann::json out = {{"id", job.id}, {"state", !job.result ? "copying" : *job.result ? "ready" : "failed"}};
  if (!job.result) return out;
  if (!*job.result) {
    out["error"] = job.result->error().message;
    return out;
  }
  const auto& made = **job.result;
  out.update({{"bytes", made.bytes}, {"taken_at", base::to_rfc3339(made.taken_at)}, {"waiting", made.waiting}});
  return out;
}

}  // namespace

Backups::Backups(store::Store& store, const base::Clock& clock, const std::filesystem::path& queue, base::Logger log)
    : state_(new State{store, clock, std::filesystem::absolute(queue).parent_path(), std::move(log), {}, {}, false}) {
  remove_leftovers(state_->directory);
}

Backups::~Backups() {
  const std::lock_guard lock(state_->mutex);
  state_->stopping = true;
  state_->remove();
}

api::BackupBackend Backups::backend() {
  const auto state = state_;
  api::BackupBackend backend;
  backend.begin = [state](const store::Operator&) -> base::Result<nlohmann::json> {
    std::unique_lock lock(state->mutex);
    if (state->job) {
      const bool kept = !state->job->result || (*state->job->result && state->clock.steady() - state->job->touched < kIdleTimeout);
      if (kept) return base::fail(base::ErrorCode::unavailable, "another backup is in progress; try again when it is done");
      state->remove();
    }
    const auto id = base::random_hex(16);
    state->job = State::Job{.id = id,
                            .file = state->directory / (std::string(kPrefix) + id + std::string(kSuffix)),
                            .result = {},
                            .touched = state->clock.steady()};
    auto out = document(*state->job);
    const auto file = state->job->file;
    lock.unlock();
    state->store.backup(file, state->clock.now(), [state, id](base::Result<store::Backup> result) { state->made(id, std::move(result)); });
    return out;
  };
  backend.state = [state](const std::string& id) -> std::optional<nlohmann::json> {
    const std::lock_guard lock(state->mutex);
    const auto* job = state->find(id);
    return job == nullptr ? std::nullopt : std::optional(document(*job));
  };
  backend.read = [state](const std::string& id, std::uint64_t from) -> base::Result<std::string> {
    const std::lock_guard lock(state->mutex);
    const auto* job = state->find(id);
    if (job == nullptr || !job->result || !*job->result) return base::fail(base::ErrorCode::not_found, "no backup with that id is ready");
    std::ifstream in(job->file, std::ios::binary);
    std::string chunk(kChunkSize, '\0');
    in.seekg(static_cast<std::streamoff>(from));
    in.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
    if (in.bad()) return base::fail(base::ErrorCode::failed, "the backup cannot be read");
    chunk.resize(static_cast<std::size_t>(in.gcount()));
    return chunk;
  };
  backend.remove = [state](const std::string& id) {
    const std::lock_guard lock(state->mutex);
    const bool known = state->find(id) != nullptr;
    if (known) state->remove();
    return known;
  };
  return backend;
}

}  // namespace belfry::app
