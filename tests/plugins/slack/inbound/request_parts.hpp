// Parts of the requests that Slack sends: content types and signature.
#pragma once
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <string>
#include <string_view>

namespace belfry::slack {

inline constexpr const char* kFormType = "application/x-www-form-urlencoded";
inline constexpr const char* kJsonType = "application/json";

// The value of X-Slack-Signature for `base`, which is "v0:", the timestamp, ":" and the body.
inline std::string request_signature(const std::string& secret, const std::string& base) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), reinterpret_cast<const unsigned char*>(base.data()), base.size(),
       digest.data(), &size);
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex = "v0=";
  for (unsigned int i = 0; i < size; ++i) hex += {kDigits[digest[i] >> 4], kDigits[digest[i] & 15]};
  return hex;
}

}  // namespace belfry::slack
