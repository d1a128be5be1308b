#include "base/secret.hpp"

#include <openssl/crypto.h>

#include <mutex>
#include <utility>

namespace belfry::base {

Secret& Secret::operator=(const Secret& other) {
  if (this != &other) {
    wipe();
    value_ = other.value_;
  }
  return *this;
}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    wipe();
    value_ = std::move(other.value_);
    other.wipe();
  }
  return *this;
}

// Wipes the whole capacity: a string that was moved from, or was longer before, still has bytes beyond its size.
void Secret::wipe() {
  value_.resize(value_.capacity());
  OPENSSL_cleanse(value_.data(), value_.size());
  value_.clear();
}

bool constant_time_equal(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

void Scrubber::add_secret(std::string_view value) {
  constexpr std::size_t kMinLength = 6;
  if (value.size() < kMinLength) return;
  const std::unique_lock lock(mutex_);
  values_.emplace(value);
}

std::string Scrubber::scrub(std::string text) const {
  const std::shared_lock lock(mutex_);
  for (const auto& value : values_) {
    for (auto at = text.find(value); at != std::string::npos; at = text.find(value, at + 3)) {
      text.replace(at, value.size(), "***");
    }
  }
  return text;
}

}  // namespace belfry::base
