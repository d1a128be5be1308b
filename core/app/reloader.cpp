#include "app/reloader.hpp"

#include <exception>
#include <utility>

#include "base/insist.hpp"

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

namespace {

Verdict failed(const std::exception_ptr& failure) {
  Verdict verdict{base::SystemClock().now(), false, {}};
  verdict.problems.push_back({.text = std::string("the reload failed: ") + base::what_of(failure)});
  return verdict;
}

}  // namespace

// Whatever is thrown, the thread goes on, and everybody who has asked gets an answer.
void Reloader::answer(std::vector<Question>& questions) noexcept try {
  std::string who;
  for (const auto& question : questions) {
    if (who.find(question.who) == std::string::npos) who += (who.empty() ? "" : ", ") + question.who;
  }
  const auto verdict = [&] {
    try {
      return reload_(who);
    } catch (...) {
      return failed(std::current_exception());
    }
  }();
  for (auto& question : questions) {
    try {
      if (question.handler) question.handler(verdict);
    } catch (...) {
      // Its answer is lost; those of the others are not.
    }
  }
} catch (...) {
  // Not even memory for a verdict: who asked hears that the question was dropped.
}

void Reloader::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    asked_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    auto questions = std::exchange(waiting_, {});
    const bool over = stopping_;
    lock.unlock();
    if (over) return;
    answer(questions);
    questions.clear();  // what a handler holds goes outside of the lock
    lock.lock();
  }
}

}  // namespace belfry::app
