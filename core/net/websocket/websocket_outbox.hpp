// The bounded queue of outgoing texts of one connection. Private to core/net. Thread rule: any thread.
#pragma once
#include <deque>
#include <mutex>
#include <optional>
#include <string>

namespace belfry::net {

class WebSocketOutbox {
 public:
  // `max_bytes`: limit of one text, and of all queued texts together, each with an overhead of kOverhead.
  explicit WebSocketOutbox(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  void open() { set_open(true); }
  void close() { set_open(false); }  // queued texts are still sent
  // False: closed or full.
  [[nodiscard]] bool push(std::string text) {
    const std::lock_guard lock(mutex_);
    const auto cost = text.size() + kOverhead;
    if (!open_ || text.size() > max_bytes_ || (waiting_ > 0 && waiting_ + cost > max_bytes_)) return false;
    waiting_ += cost;
    texts_.push_back(std::move(text));
    return true;
  }
  // The first text; none: empty. It counts against the limit until written().
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

  const std::size_t max_bytes_;
  std::mutex mutex_;
  bool open_ = false;
  std::size_t waiting_ = 0;
  std::deque<std::string> texts_;
};

}  // namespace belfry::net
