// Reloads the configuration on request, on its own thread, one reload at a time. Requests that arrive during a reload get the result of the
// next one, so that no result is about a file older than the request.
// Thread rule: request from any thread; start and stop from the owner's.
// Cancellation: stop() drops the handlers of requests whose reload has not begun.
#pragma once
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "app/reload/reload_report.hpp"

namespace belfry::app {

class Reloader {
 public:
  using Handler = std::move_only_function<void(const ReloadResult&)>;

  // `reload` runs on the reload thread; `who` lists the requesters: "SIGHUP, belfry reload". If it throws, the result reports the failure.
  explicit Reloader(std::function<ReloadResult(const std::string& who)> reload);
  ~Reloader() { stop(); }
  void start();  // earlier requests wait for it
  Reloader(const Reloader&) = delete;
  Reloader& operator=(const Reloader&) = delete;

  // The handler is called on the reload thread, or dropped if the gateway stops first.
  void request(std::string who, Handler handler = {});
  // Waits for a reload in progress; none begins after that.
  void stop();

 private:
  struct Request {
    std::string who;
    Handler handler;
  };
  void run_batch(std::vector<Request>& requests) noexcept;
  void run();

  const std::function<ReloadResult(const std::string&)> reload_;
  std::mutex mutex_;
  std::condition_variable requested_;
  std::vector<Request> waiting_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace belfry::app
