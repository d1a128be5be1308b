#include "base/fingerprint.hpp"

namespace belfry::base {
namespace {

constexpr std::uint64_t kPrime = 0x100000001B3;
constexpr std::string_view kEnd("\0", 1);

}  // namespace

void Fingerprint::add(std::string_view text) {
  for (const auto part : {text, kEnd}) {
    for (const char c : part) hash_ = (hash_ ^ static_cast<unsigned char>(c)) * kPrime;
  }
}

std::string Fingerprint::text() const {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (int shift = 60; shift >= 0; shift -= 4) out += kDigits[(hash_ >> shift) & 0xF];
  return out;
}

}  // namespace belfry::base
