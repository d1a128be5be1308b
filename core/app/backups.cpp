#include "app/backups.hpp"

#include <fstream>
#include <mutex>

#include "base/ids.hpp"

namespace belfry::app {
namespace {

constexpr std::size_t kPiece = 4UL * 1024 * 1024;
constexpr auto kForgotten = std::chrono::minutes(10);  // without a request about it
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
  struct One {
    std::string id;
    std::filesystem::path file;
    std::optional<base::Result<store::Backup>> result;  // none: it is being made
    base::SteadyTime touched{};
  };

  store::Store& store;
  const base::Clock& clock;
  std::filesystem::path directory;
  base::Logger log;
  std::mutex mutex;
  std::optional<One> one;
  bool stopping = false;

  // With the mutex held.
  One* find(const std::string& id) {
    if (!one || one->id != id) return nullptr;
    one->touched = clock.steady();
    return &*one;
  }

  void forget() {
    if (one && one->result) {
      remove_copy(one->file);
      one.reset();
    }
  }

  void made(const std::string& id, base::Result<store::Backup> result) {
    const std::lock_guard lock(mutex);
    if (!one || one->id != id) return;
    if (result) {
      log.info("a backup was made", {{"bytes", result->bytes}, {"waiting", result->waiting}});
    } else {
      log.error("a backup could not be made", {{"why", result.error().message}});
    }
    one->touched = clock.steady();
    one->result = std::move(result);
    if (stopping) forget();
  }
};

namespace {

template <class One>
nlohmann::json document(const One& one) {
  nlohmann::json out = {{"id", one.id}, {"state", !one.result ? "copying" : *one.result ? "ready" : "failed"}};
  if (!one.result) return out;
  if (!*one.result) {
    out["error"] = one.result->error().message;
    return out;
  }
  const auto& made = **one.result;
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
  state_->forget();
}

api::BackupBackend Backups::backend() {
  const auto state = state_;
  api::BackupBackend backend;
  backend.begin = [state]() -> base::Result<nlohmann::json> {
    std::unique_lock lock(state->mutex);
    if (state->one) {
      const bool kept = !state->one->result || (*state->one->result && state->clock.steady() - state->one->touched < kForgotten);
      if (kept) return base::fail(base::ErrorCode::unavailable, "another backup is being made or fetched; try again when it is done");
      state->forget();
    }
    const auto id = base::random_hex(16);
    state->one = State::One{.id = id,
                            .file = state->directory / (std::string(kPrefix) + id + std::string(kSuffix)),
                            .result = {},
                            .touched = state->clock.steady()};
    auto out = document(*state->one);
    const auto file = state->one->file;
    lock.unlock();
    state->store.backup(file, state->clock.now(), [state, id](base::Result<store::Backup> result) { state->made(id, std::move(result)); });
    return out;
  };
  backend.state = [state](const std::string& id) -> std::optional<nlohmann::json> {
    const std::lock_guard lock(state->mutex);
    const auto* one = state->find(id);
    return one == nullptr ? std::nullopt : std::optional(document(*one));
  };
  backend.read = [state](const std::string& id, std::uint64_t from) -> base::Result<std::string> {
    const std::lock_guard lock(state->mutex);
    const auto* one = state->find(id);
    if (one == nullptr || !one->result || !*one->result) return base::fail(base::ErrorCode::not_found, "no backup with that id is ready");
    std::ifstream in(one->file, std::ios::binary);
    std::string piece(kPiece, '\0');
    in.seekg(static_cast<std::streamoff>(from));
    in.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    if (in.bad()) return base::fail(base::ErrorCode::failed, "the backup cannot be read");
    piece.resize(static_cast<std::size_t>(in.gcount()));
    return piece;
  };
  backend.forget = [state](const std::string& id) {
    const std::lock_guard lock(state->mutex);
    const bool known = state->find(id) != nullptr;
    if (known) state->forget();
    return known;
  };
  return backend;
}

}  // namespace belfry::app
