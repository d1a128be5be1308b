// Helpers for data that crosses the C boundary: structs of an older or newer ABI, borrowed text, text passed through a writer, and times.
// Thread rule: any thread.
#pragma once
#include <belfry/plugin.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace belfry::plugin {

// Copies min(size, sizeof) bytes into a zero-filled struct: a field that the writer's version lacks reads as 0.
template <class T>
[[nodiscard]] T copy_of(const T* source) {
  T copy{};
  std::memcpy(&copy, source, std::min<std::size_t>(source->size, sizeof(T)));
  return copy;
}

[[nodiscard]] inline std::string_view view(belfry_str text) {
  return text.ptr == nullptr ? std::string_view() : std::string_view(text.ptr, text.len);
}

[[nodiscard]] inline belfry_str str(std::string_view text) { return {text.data(), text.size()}; }

// A time as belfry_host_clock.monotonic_ms and deadlines express it.
[[nodiscard]] inline std::int64_t to_monotonic_ms(base::SteadyTime time) {
  return std::chrono::duration_cast<base::Millis>(time.time_since_epoch()).count();
}

// Joins the pieces that a plugin writes, up to BELFRY_MAX_WRITTEN_BYTES. Lives for one call.
class Collector {
 public:
  Collector() : writer_{this, &Collector::write} {}
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;

  [[nodiscard]] const belfry_writer* writer() const { return &writer_; }
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] bool complete() const { return complete_; }  // false: the text was too long, or memory ran out

 private:
  // Called by the plugin, so it must not throw through the plugin's frames.
  static belfry_status write(void* ctx, belfry_str piece) noexcept {
    auto& self = *static_cast<Collector*>(ctx);
    const auto added = view(piece).substr(0, std::size_t{BELFRY_MAX_WRITTEN_BYTES} - self.text_.size());
    try {
      self.text_.append(added);
      if (added.size() == view(piece).size()) return BELFRY_OK;
    } catch (const std::exception&) {
    }
    self.complete_ = false;
    return BELFRY_FAILED;
  }

  std::string text_;
  bool complete_ = true;
  belfry_writer writer_;
};

}  // namespace belfry::plugin
