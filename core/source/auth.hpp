// Who may post to a source. Pure; comparisons take the same time whatever is presented.
// Thread rule: immutable values, any thread.
#pragma once
#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.hpp"

namespace belfry::source {

// What the configuration asks for. Nothing set: everyone may. Basic and bearer are alternatives; the certificate is asked in addition.
struct Credentials {
  std::string basic_username;  // without a colon (RFC 7617)
  // Any of them will do: the new one and the old one while a secret is being replaced. An empty one is none.
  std::vector<base::Secret> basic_passwords;
  std::vector<base::Secret> bearers;
  bool client_certificate = false;

  [[nodiscard]] bool has_basic() const { return !basic_username.empty() || std::ranges::any_of(basic_passwords, is_there); }
  [[nodiscard]] bool has_bearer() const { return std::ranges::any_of(bearers, is_there); }

 private:
  static bool is_there(const base::Secret& secret) { return !secret.empty(); }
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
