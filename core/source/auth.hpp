// Who may post to a source. Pure; comparisons take the same time whatever is presented.
// Thread rule: immutable values, any thread.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/secret.hpp"

namespace belfry::source {

// What the configuration asks for. Nothing set: everyone may. Basic and bearer are alternatives; the certificate is asked in addition.
struct Credentials {
  std::string basic_username;  // without a colon (RFC 7617)
  base::Secret basic_password;
  base::Secret bearer;
  bool client_certificate = false;

  [[nodiscard]] bool has_basic() const { return !basic_username.empty() || !basic_password.empty(); }
  [[nodiscard]] bool has_bearer() const { return !bearer.empty(); }
};

// What came with a request.
struct Presented {
  std::optional<std::string_view> authorization;  // the header's value
  std::string_view client_subject;                // of a verified client certificate; empty: none
};

// The answer is 401 with these.
struct Refusal {
  std::string www_authenticate;
  std::string message;  // one line without anything that was presented

  bool operator==(const Refusal&) const = default;
};

// None: allowed.
[[nodiscard]] std::optional<Refusal> refuse(const Credentials& credentials, const Presented& presented);

}  // namespace belfry::source
