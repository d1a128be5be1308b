// Backups that were asked for over the admin API: each is made beside the queue, read in pieces, and removed when it was fetched, or not
// touched for ten minutes, or when the gateway stops. One at a time.
// Thread rule: any thread. Ownership: the store outlives it.
#pragma once
#include <memory>

#include "api/admin_api.hpp"
#include "base/log.hpp"
#include "store/store.hpp"

namespace belfry::app {

class Backups {
 public:
  // Removes what an earlier process has left in the directory of the queue.
  Backups(store::Store& store, const base::Clock& clock, const std::filesystem::path& queue, base::Logger log);
  ~Backups();
  Backups(const Backups&) = delete;
  Backups& operator=(const Backups&) = delete;

  [[nodiscard]] api::BackupBackend backend();

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with the store's handler, which may come late
};

}  // namespace belfry::app
