// Reading what comes over the C boundary: structs of an older or newer side, borrowed text, text through a writer.
#pragma once
#include <belfry/plugin.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <string>
#include <string_view>

namespace belfry::plugin {

// A zero-filled copy of min(size, sizeof) bytes: a field that the writer does not know reads as 0.
template <class T>
[[nodiscard]] T copy_of(const T* source) {
  T copy{};
  std::memcpy(&copy, source, std::min<std::size_t>(source->size, sizeof(T)));
  return copy;
}

// An extension counts only when all that the host calls is there; otherwise its table is all zero.
template <class Table>
[[nodiscard]] Table extension_table(const belfry_instance& plugin, void* self, const char* id) {
  if (plugin.extension == nullptr) return {};
  const auto* given = static_cast<const Table*>(plugin.extension(self, {id, std::strlen(id)}));
  if (given == nullptr) return {};
  const Table table = copy_of(given);
  return table.size >= sizeof(Table) ? table : Table{};
}

[[nodiscard]] inline std::string_view view(belfry_str text) {
  return text.ptr == nullptr ? std::string_view() : std::string_view(text.ptr, text.len);
}

[[nodiscard]] inline belfry_str str(std::string_view text) { return {text.data(), text.size()}; }

// Joins the pieces that a plugin writes; what goes over 1 MiB is dropped. Lives for one call.
class Collector {
 public:
  Collector() : writer_{this, &Collector::write} {}
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;

  [[nodiscard]] const belfry_writer* writer() const { return &writer_; }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  // Called by the plugin: nothing may be thrown through its frames. What memory has no room for is dropped as well.
  static void write(void* ctx, belfry_str piece) noexcept {
    constexpr std::size_t kMost = 1024 * 1024;
    auto& text = static_cast<Collector*>(ctx)->text_;
    try {
      text.append(view(piece).substr(0, kMost - std::min(kMost, text.size())));
    } catch (const std::exception&) {
    }
  }

  std::string text_;
  belfry_writer writer_;
};

}  // namespace belfry::plugin
