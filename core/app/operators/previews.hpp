// Predicts what the running configuration would do with a payload, for the operator's page: plans it and has the running sinks render
// their messages. Sends and stores nothing. One preview at a time, on a thread of its own, because a plugin may take a long time to render.
// Thread rule: any thread. Ownership: the live configuration and the clock outlive it; the destructor waits for the preview in progress,
// which ends with the plugin threads.
#pragma once
#include <atomic>
#include <memory>
#include <mutex>
#include <thread>

#include "api/web/preview_backend.hpp"
#include "app/live/live_config.hpp"
#include "base/secret.hpp"

namespace belfry::app {

class Previews {
 public:
  Previews(const Published<LiveConfig>& live, const base::Clock& clock, std::shared_ptr<const base::Scrubber> scrubber);

  // Its functions may be called while this object exists.
  [[nodiscard]] api::web::PreviewBackend backend();

 private:
  [[nodiscard]] std::vector<std::string> sources() const;
  void run(api::web::PreviewRequest request, store::Handler<api::web::Preview> handler);
  [[nodiscard]] base::Result<api::web::Preview> make(const api::web::PreviewRequest& request) const;

  const Published<LiveConfig>& live_;
  const base::Clock& clock_;
  const std::shared_ptr<const base::Scrubber> scrubber_;
  std::mutex mutex_;
  std::atomic<bool> busy_ = false;
  std::jthread thread_;  // of the latest preview
};

}  // namespace belfry::app
