// The texts that wait to go out of one connection, bounded. Private to core/net. Thread rule: any thread.
#pragma once
#include <deque>
#include <mutex>
#include <optional>
#include <string>

namespace belfry::net {

class WebSocketOutbox {
 public:
  // `most`: bytes of one text, and of all that wait together; an empty text counts too.
  explicit WebSocketOutbox(std::size_t most) : most_(most) {}

  void open() { set_open(true); }
  void shut() { set_open(false); }  // what waits still goes out
  [[nodiscard]] bool push(std::string text) {
    const std::lock_guard lock(mutex_);
    const auto cost = text.size() + kOverhead;
    if (!open_ || text.size() > most_ || (waiting_ > 0 && waiting_ + cost > most_)) return false;
    waiting_ += cost;
    texts_.push_back(std::move(text));
    return true;
  }
  // It waits no longer, but counts until written() is called.
  std::optional<std::string> pop() {
    const std::lock_guard lock(mutex_);
    if (texts_.empty()) return std::nullopt;
    auto text = std::move(texts_.front());
    texts_.pop_front();
    return text;
  }
  void written(std::size_t size) {
    const std::lock_guard lock(mutex_);
    waiting_ -= size + kOverhead;
  }

 private:
  static constexpr std::size_t kOverhead = 64;

  void set_open(bool open) {
    const std::lock_guard lock(mutex_);
    open_ = open;
  }

  const std::size_t most_;
  std::mutex mutex_;
  bool open_ = false;
  std::size_t waiting_ = 0;
  std::deque<std::string> texts_;
};

}  // namespace belfry::net
