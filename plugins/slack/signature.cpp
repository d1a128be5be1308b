#include "slack/signature.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <charconv>
#include <optional>

namespace belfry::slack {
namespace {

std::optional<std::int64_t> parse_seconds(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

std::string sign(std::string_view secret, std::string_view base) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  const auto* bytes = reinterpret_cast<const unsigned char*>(base.data());
  if (HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), bytes, base.size(), digest.data(), &size) == nullptr) return {};
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out = "v0=";
  for (unsigned int i = 0; i < size; ++i) out += {kDigits[digest[i] >> 4], kDigits[digest[i] & 0xF]};
  return out;
}

bool equal(std::string_view a, std::string_view b) { return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0; }

}  // namespace

bool is_signed(const SignedRequest& request, std::span<const std::string> secrets, std::int64_t now) {
  const auto seconds = parse_seconds(request.timestamp);
  if (!seconds || *seconds < now - kSignatureSeconds || *seconds > now + kSignatureSeconds) return false;
  const std::string base = std::string("v0:").append(request.timestamp).append(":").append(request.body);
  bool valid = false;
  for (const std::string& secret : secrets) {
    // Each secret is tried, so that the time taken does not tell which one fits.
    const bool fits = !secret.empty() && equal(sign(secret, base), request.signature);
    valid = valid || fits;
  }
  return valid;
}

}  // namespace belfry::slack
