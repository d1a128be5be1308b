#include "config/secrets.hpp"

namespace belfry::config {

void register_secrets(const Settings& settings, base::Scrubber& scrubber) {
  scrubber.add_secret(settings.admin.token.reveal());
  for (const auto& [name, token] : settings.admin.tokens) scrubber.add_secret(token.reveal());
  for (const auto& source : settings.sources) {
    for (const auto& password : source.auth.basic_passwords) scrubber.add_secret(password.reveal());
    for (const auto& token : source.auth.bearers) scrubber.add_secret(token.reveal());
  }
  for (const auto& sink : settings.sinks) {
    for (const auto& proxy : {sink.http.https_proxy, sink.http.http_proxy}) {
      // In "user:password", only the password is secret.
      if (proxy) scrubber.add_secret(std::string_view(proxy->credentials.reveal()).substr(proxy->credentials.reveal().find(':') + 1));
    }
  }
}

}  // namespace belfry::config
