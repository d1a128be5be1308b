// What `belfry init` makes of its answers: the configuration, the secrets and their files, what to put into Coder. Pure.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/secret.hpp"

namespace belfry::app {

// What is wrong with it, in words that never show it; nothing when it may be one.
[[nodiscard]] std::optional<std::string> bot_token_problem(std::string_view text);
[[nodiscard]] std::optional<std::string> signing_secret_problem(std::string_view text);
[[nodiscard]] std::optional<std::string> app_token_problem(std::string_view text);
[[nodiscard]] std::optional<std::string> webhook_password_problem(std::string_view text);

// 32 characters that need no escaping in a URL, with 192 bits of chance.
[[nodiscard]] base::Secret new_webhook_password();

inline constexpr const char* kBotTokenFile = "slack-bot-token";
inline constexpr const char* kSigningSecretFile = "slack-signing-secret";
inline constexpr const char* kAppTokenFile = "slack-app-token";
inline constexpr const char* kWebhookPasswordFile = "webhook-password";

struct Place {
  std::filesystem::path directory;  // absolute
  bool packaged = false;            // /etc/belfry: the service's own paths hold as they are shipped
};

// The shipped configuration; elsewhere than in /etc/belfry everything that is written goes below the directory. `listen` empty: as shipped.
[[nodiscard]] base::Result<std::string> configuration_text(const Place& place, const std::string& listen);

// The lines for Coder's environment. `host` stands in for an address that means all interfaces.
[[nodiscard]] std::string coder_lines(const std::string& listen, const std::string& host, const base::Secret& password);

}  // namespace belfry::app
