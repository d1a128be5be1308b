#include "route/addressing.hpp"

#include <algorithm>

namespace belfry::route {
namespace {

std::string shared_address(const model::SinkAddressing& sink, const nlohmann::json& overrides) {
  if (!sink.destination_key.empty() && overrides.is_object()) {
    const auto found = overrides.find(sink.destination_key);
    if (found != overrides.end() && found->is_string()) return found->get<std::string>();
  }
  return sink.fixed_destination;
}

std::string direct_address(const model::Recipient& recipient) {
  if (!recipient.email.empty()) return normalized_email(recipient.email);
  return recipient.id.empty() ? recipient.username : recipient.id;
}

}  // namespace

std::string normalized_email(std::string email) {
  std::transform(email.begin(), email.end(), email.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return email;
}

model::Destination destination_of(const model::SinkAddressing& sink, const nlohmann::json& overrides, const model::Recipient& recipient) {
  auto shared = shared_address(sink, overrides);
  if (!shared.empty()) return {model::Audience::shared, std::move(shared)};
  return {model::Audience::direct, direct_address(recipient)};
}

}  // namespace belfry::route
