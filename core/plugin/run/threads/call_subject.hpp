// The delivery that a call into a plugin is for. A value that never allocates.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>

namespace belfry::plugin {

struct CallSubject {
  std::array<char, 40> delivery{};  // its id, zero-terminated; empty: the call is for none
  std::uint32_t attempt = 0;

  [[nodiscard]] bool empty() const { return delivery[0] == '\0'; }
  void set(std::string_view id, std::uint32_t number) {
    const auto length = id.size() < delivery.size() - 1 ? id.size() : delivery.size() - 1;
    id.copy(delivery.data(), length);
    delivery[length] = '\0';
    attempt = number;
  }
};

}  // namespace belfry::plugin
