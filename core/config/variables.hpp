// Names of environment variables that several parts of the configuration look at.
#pragma once

namespace belfry::config {

// The password that Coder sends, where there is no file; the shipped file refers to it.
inline constexpr const char* kWebhookPassword = "BELFRY_WEBHOOK_PASSWORD";

}  // namespace belfry::config
