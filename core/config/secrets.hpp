// The secrets in a configuration that the core itself uses.
#pragma once
#include "base/secret.hpp"
#include "config/values/settings.hpp"

namespace belfry::config {

// Registers each of them with the scrubber. Secrets in the options of plugins are registered when the plugin's schema is applied, since
// only the schema marks properties as secret.
void register_secrets(const Settings& settings, base::Scrubber& scrubber);

}  // namespace belfry::config
