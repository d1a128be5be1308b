// Reads the configuration again when somebody asks, on a thread of its own, one time after the other. Who asks while it is being read gets
// the verdict of the next time: nobody hears of a file that is older than the question.
// Thread rule: ask from any thread; start and stop from the owner's.
#pragma once
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "app/reload_report.hpp"

namespace belfry::app {

class Reloader {
 public:
  using Handler = std::move_only_function<void(const Verdict&)>;

  // `reload` runs on the thread; `who` are those that asked: "SIGHUP, belfry reload". When it throws the verdict says so.
  explicit Reloader(std::function<Verdict(const std::string& who)> reload);
  ~Reloader() { stop(); }
  void start();  // what was asked before waits for it
  Reloader(const Reloader&) = delete;
  Reloader& operator=(const Reloader&) = delete;

  // The handler is called on the thread, or dropped when the gateway stops before its turn.
  void ask(std::string who, Handler handler = {});
  // Waits for a reload that is under way; after that none begins.
  void stop();

 private:
  struct Question {
    std::string who;
    Handler handler;
  };
  void answer(std::vector<Question>& questions) noexcept;
  void run();

  const std::function<Verdict(const std::string&)> reload_;
  std::mutex mutex_;
  std::condition_variable asked_;
  std::vector<Question> waiting_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace belfry::app
