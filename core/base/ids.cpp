#include "base/ids.hpp"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <span>
#include <system_error>

namespace belfry::base {
namespace {

void fill_random(std::span<unsigned char> out) {
  while (!out.empty()) {
    const auto got = ::getrandom(out.data(), out.size(), 0);
    if (got < 0) {
      if (errno == EINTR) continue;
      throw std::system_error(errno, std::generic_category(), "getrandom");
    }
    out = out.subspan(static_cast<std::size_t>(got));
  }
}

constexpr char kHex[] = "0123456789abcdef";

}  // namespace

std::string new_id(Timestamp now) {
  std::array<unsigned char, 16> bytes{};
  fill_random(bytes);
  auto millis = static_cast<std::uint64_t>(now.time_since_epoch().count());
  for (int i = 5; i >= 0; --i) {
    bytes[static_cast<std::size_t>(i)] = static_cast<unsigned char>(millis & 0xFFU);
    millis >>= 8U;
  }
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0FU) | 0x70U);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3FU) | 0x80U);

  std::string text;
  text.reserve(36);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += kHex[bytes[i] >> 4U];
    text += kHex[bytes[i] & 0x0FU];
  }
  return text;
}

std::string random_hex(std::size_t bytes) {
  std::string raw(bytes, '\0');
  fill_random({reinterpret_cast<unsigned char*>(raw.data()), raw.size()});
  std::string text;
  text.reserve(bytes * 2);
  for (const char c : raw) {
    const auto byte = static_cast<unsigned char>(c);
    text += kHex[byte >> 4U];
    text += kHex[byte & 0x0FU];
  }
  return text;
}

}  // namespace belfry::base
