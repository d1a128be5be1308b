// Helpers for data that crosses the C boundary: structs of an older or newer ABI, borrowed text, and text passed through a writer.
// Thread rule: any thread.
#pragma once
#include <belfry/plugin.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <string>
#include <string_view>

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

// Joins the pieces that a plugin writes. Text beyond 1 MiB is dropped. Lives for one call.
class Collector {
 public:
  Collector() : writer_{this, &Collector::write} {}
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;

  [[nodiscard]] const belfry_writer* writer() const { return &writer_; }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  // Called by the plugin, so it must not throw through the plugin's frames. A piece that does not fit into memory is dropped.
  static void write(void* ctx, belfry_str piece) noexcept {
    constexpr std::size_t kMaxSize = 1024 * 1024;
    auto& text = static_cast<Collector*>(ctx)->text_;
    try {
      text.append(view(piece).substr(0, kMaxSize - std::min(kMaxSize, text.size())));
    } catch (const std::exception&) {
    }
  }

  std::string text_;
  belfry_writer writer_;
};

}  // namespace belfry::plugin
