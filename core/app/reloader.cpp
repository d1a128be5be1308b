#include "app/reloader.hpp"

#include <utility>

namespace belfry::app {

Reloader::Reloader(std::function<Verdict(const std::string&)> reload) : reload_(std::move(reload)) {}

void Reloader::start() {
  thread_ = std::thread([this] { run(); });
}

void Reloader::ask(std::string who, Handler handler) {
  const std::lock_guard lock(mutex_);
  if (stopping_) return;
  waiting_.push_back({std::move(who), std::move(handler)});
  asked_.notify_one();
}

void Reloader::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    asked_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void Reloader::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    asked_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    auto questions = std::exchange(waiting_, {});
    const bool over = stopping_;
    lock.unlock();
    if (over) return;
    std::string who;
    for (const auto& question : questions) {
      if (who.find(question.who) == std::string::npos) who += (who.empty() ? "" : ", ") + question.who;
    }
    const auto verdict = reload_(who);
    for (auto& question : questions)
      if (question.handler) question.handler(verdict);
    questions.clear();  // what a handler holds goes outside of the lock
    lock.lock();
  }
}

}  // namespace belfry::app
