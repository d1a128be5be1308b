#include "slack/inbound/signature.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <array>
#include <charconv>
#include <memory>
#include <optional>

namespace belfry::slack {
namespace {

constexpr std::string_view kVersion = "v0=";

std::optional<std::int64_t> parse_seconds(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

// "v0=" and 64 hexadecimal digits.
bool is_well_formed(std::string_view signature) {
  constexpr std::size_t kDigits = 64;
  return signature.size() == kVersion.size() + kDigits && signature.starts_with(kVersion) &&
         signature.find_first_not_of("0123456789abcdef", kVersion.size()) == std::string_view::npos;
}

// Hashes in pieces to avoid copying the body.
std::string sign(std::string_view secret, const SignedRequest& request) {
  std::array<char, 7> digest_name{"SHA256"};
  const std::array<OSSL_PARAM, 2> how{OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest_name.data(), 0),
                                      OSSL_PARAM_construct_end()};
  const std::unique_ptr<EVP_MAC, decltype(&EVP_MAC_free)> mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr), EVP_MAC_free);
  const std::unique_ptr<EVP_MAC_CTX, decltype(&EVP_MAC_CTX_free)> context(EVP_MAC_CTX_new(mac.get()), EVP_MAC_CTX_free);
  const auto bytes = [](std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); };
  if (!context || EVP_MAC_init(context.get(), bytes(secret), secret.size(), how.data()) != 1) return {};
  for (const std::string_view piece : {std::string_view("v0:"), request.timestamp, std::string_view(":"), request.body})
    if (EVP_MAC_update(context.get(), bytes(piece), piece.size()) != 1) return {};
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  std::size_t size = 0;
  if (EVP_MAC_final(context.get(), digest.data(), &size, digest.size()) != 1) return {};
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out(kVersion);
  for (std::size_t i = 0; i < size; ++i) out += {kDigits[digest[i] >> 4], kDigits[digest[i] & 0xF]};
  return out;
}

bool equal(std::string_view a, std::string_view b) { return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0; }

}  // namespace

bool is_signed(const SignedRequest& request, std::span<const std::string> secrets, std::int64_t now) {
  const auto seconds = parse_seconds(request.timestamp);
  if (!seconds || *seconds < now - kSignatureSeconds || *seconds > now + kSignatureSeconds) return false;
  // Check the headers before hashing the body, which may be large and come from anyone.
  if (!is_well_formed(request.signature)) return false;
  bool valid = false;
  for (const std::string& secret : secrets) {
    // Try every secret, so that timing does not reveal which one matches.
    const bool fits = !secret.empty() && equal(sign(secret, request), request.signature);
    valid = valid || fits;
  }
  return valid;
}

}  // namespace belfry::slack
