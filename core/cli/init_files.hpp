// Turns the answers of `belfry init` into the configuration, the secrets and their files, and the settings for Coder. Pure.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/secret.hpp"

namespace belfry::cli {

// Why the text cannot be such a value, without showing it; none if it may be one.
[[nodiscard]] std::optional<std::string> bot_token_problem(std::string_view text);
[[nodiscard]] std::optional<std::string> signing_secret_problem(std::string_view text);
[[nodiscard]] std::optional<std::string> app_token_problem(std::string_view text);
[[nodiscard]] std::optional<std::string> webhook_password_problem(std::string_view text);

// 32 characters that need no escaping in a URL, 192 bits of entropy.
[[nodiscard]] base::Secret new_webhook_password();

inline constexpr const char* kBotTokenFile = "slack-bot-token";
inline constexpr const char* kSigningSecretFile = "slack-signing-secret";
inline constexpr const char* kAppTokenFile = "slack-app-token";
inline constexpr const char* kWebhookPasswordFile = "webhook-password";

struct ConfigLocation {
  std::filesystem::path directory;  // absolute
  bool packaged = false;            // /etc/belfry: the shipped paths of the service apply
};

// The shipped configuration. Outside /etc/belfry, every path is below the directory. `listen` empty: as shipped. The error: the path of the
// directory has characters that would need escaping.
[[nodiscard]] base::Result<std::string> configuration_text(const ConfigLocation& location, const std::string& listen);

// The lines for Coder's environment. `host` replaces an address that means all interfaces.
[[nodiscard]] std::string coder_environment(const std::string& listen, const std::string& host, const base::Secret& password);

}  // namespace belfry::cli
