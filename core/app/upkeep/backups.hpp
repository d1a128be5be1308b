// Backups requested over the admin API, one at a time. A backup is written beside the queue, read in chunks, and removed once the client
// has fetched it, after ten minutes without a request, or when the gateway stops.
// Thread rule: any thread. Ownership: the store outlives it.
#pragma once
#include <memory>

#include "api/admin_api.hpp"
#include "base/log.hpp"
#include "store/store.hpp"

namespace belfry::app {

class Backups {
 public:
  // Removes backups that an earlier process left in the directory of the queue.
  Backups(store::Store& store, const base::Clock& clock, const std::filesystem::path& queue, base::Logger log);
  ~Backups();
  Backups(const Backups&) = delete;
  Backups& operator=(const Backups&) = delete;

  [[nodiscard]] api::BackupBackend backend();

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with the store's handler, which may be called late
};

}  // namespace belfry::app
