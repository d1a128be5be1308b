#include "source/auth.hpp"

#include <openssl/sha.h>

#include <array>

namespace belfry::source {
namespace {

// Compares digests to hide the length as well as the content.
bool same_secret(std::string_view presented, std::string_view wanted) {
  const auto digest = [](std::string_view text) {
    std::array<unsigned char, SHA256_DIGEST_LENGTH> out{};
    SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), out.data());
    return out;
  };
  const auto a = digest(presented);
  const auto b = digest(wanted);
  return base::constant_time_equal({reinterpret_cast<const char*>(a.data()), a.size()},
                                   {reinterpret_cast<const char*>(b.data()), b.size()});
}

bool equal_ignoring_case(std::string_view a, std::string_view lower) {
  return std::ranges::equal(a, lower, {}, [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
}

// The credentials after `scheme` and one or more spaces (RFC 9110, 11.4).
std::optional<std::string_view> after_scheme(std::string_view header, std::string_view scheme) {
  const auto space = header.find(' ');
  if (space == std::string_view::npos || !equal_ignoring_case(header.substr(0, space), scheme)) return std::nullopt;
  const auto start = header.find_first_not_of(' ', space);
  if (start == std::string_view::npos) return std::nullopt;
  return header.substr(start);
}

int base64_value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  return c == '/' ? 63 : -1;
}

// RFC 4648, section 4: padded, no white space, unused bits zero. Each value has exactly one encoding.
std::optional<base::Secret> base64_decode(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return std::nullopt;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  std::string out;
  out.reserve(text.size() / 4 * 3);
  unsigned bits = 0;
  int held = 0;
  for (const char c : text.substr(0, text.size() - padding)) {
    const int value = base64_value(c);
    if (value < 0) return std::nullopt;
    bits = (bits << 6U) | static_cast<unsigned>(value);
    held += 6;
    if (held >= 8) {
      held -= 8;
      out += static_cast<char>((bits >> static_cast<unsigned>(held)) & 0xFFU);
    }
  }
  base::Secret decoded(std::move(out));
  if ((bits & ((1U << static_cast<unsigned>(held)) - 1U)) != 0) return std::nullopt;
  return decoded;
}

bool basic_matches(const Credentials& wanted, std::string_view header) {
  if (!wanted.has_basic()) return false;
  const auto encoded = after_scheme(header, "basic");
  const auto decoded = encoded ? base64_decode(*encoded) : std::nullopt;
  if (!decoded) return false;
  const auto is_pair_with = [&](std::string_view password) {
    const base::Secret pair(wanted.basic_username + ":" + std::string(password));
    return same_secret(decoded->reveal(), pair.reveal());
  };
  bool matches = wanted.basic_passwords.empty() && is_pair_with("");
  for (const auto& password : wanted.basic_passwords) matches = is_pair_with(password.reveal()) || matches;
  return matches;
}

bool bearer_matches(const Credentials& wanted, std::string_view header) {
  if (!wanted.has_bearer()) return false;
  const auto token = after_scheme(header, "bearer");
  if (!token) return false;
  bool matches = false;
  for (const auto& bearer : wanted.bearers) matches = (!bearer.empty() && same_secret(*token, bearer.reveal())) || matches;
  return matches;
}

// HTTP has no registered scheme for a missing client certificate, but a 401 must carry a challenge (RFC 9110, 15.5.2).
std::string challenge(const Credentials& wanted) {
  std::string schemes;
  if (wanted.has_basic()) schemes = R"(Basic realm="belfry", charset="UTF-8")";
  if (wanted.has_bearer()) schemes += std::string(schemes.empty() ? "" : ", ") + R"(Bearer realm="belfry")";
  return schemes.empty() ? R"(Certificate realm="belfry")" : schemes;
}

}  // namespace

std::optional<AuthFailure> check_credentials(const Credentials& credentials, const PresentedCredentials& presented) {
  if (credentials.client_certificate && presented.client_subject.empty()) {
    return AuthFailure{challenge(credentials), "a client certificate is required"};
  }
  if (!credentials.has_basic() && !credentials.has_bearer()) return std::nullopt;
  if (!presented.authorization) return AuthFailure{challenge(credentials), "credentials are required and none were sent"};
  if (basic_matches(credentials, *presented.authorization) || bearer_matches(credentials, *presented.authorization)) return std::nullopt;
  return AuthFailure{challenge(credentials), "the credentials are wrong"};
}

}  // namespace belfry::source
