// Authenticates requests to a source. Pure; the time of a comparison does not depend on the presented secret.
// Thread rule: immutable values, any thread.
#pragma once
#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.hpp"

namespace belfry::source {

// The credentials that a source requires. None set: every request is allowed. Basic and bearer are alternatives; a client certificate is
// required in addition.
struct Credentials {
  std::string basic_username;  // without a colon (RFC 7617)
  // Any of them is accepted: the new and the old secret during rotation. An empty secret counts as not set.
  std::vector<base::Secret> basic_passwords;
  std::vector<base::Secret> bearers;
  bool client_certificate = false;

  [[nodiscard]] bool has_basic() const { return !basic_username.empty() || std::ranges::any_of(basic_passwords, is_set); }
  [[nodiscard]] bool has_bearer() const { return std::ranges::any_of(bearers, is_set); }

 private:
  static bool is_set(const base::Secret& secret) { return !secret.empty(); }
};

// The credentials of a request. Borrowed.
struct PresentedCredentials {
  std::optional<std::string_view> authorization;  // value of the Authorization header
  std::string_view client_subject;                // of a verified client certificate; empty: none
};

// The challenge and message of a 401 response.
struct AuthFailure {
  std::string www_authenticate;
  std::string message;  // one line; shows nothing from the request

  bool operator==(const AuthFailure&) const = default;
};

// Returns none when the request is allowed.
[[nodiscard]] std::optional<AuthFailure> check_credentials(const Credentials& credentials, const PresentedCredentials& presented);

}  // namespace belfry::source
