#include "plugin/secrets.hpp"

#include "plugin/digest.hpp"

namespace belfry::plugin {

std::string SecretTable::add(const std::string& sink, const std::string& pointer, std::string value) {
  std::string reference = "secret:" + sink + pointer;
  values_.insert_or_assign(reference, base::Secret(std::move(value)));
  return reference;
}

const base::Secret* SecretTable::find(std::string_view reference) const {
  const auto found = values_.find(reference);
  return found == values_.end() ? nullptr : &found->second;
}

std::string SecretTable::fingerprint(const base::Secret& secret) {
  // The prefix keeps this from being the plain digest of a value that somebody may have a table of.
  return secret.empty() ? std::string() : sha256("belfry credential\n" + secret.reveal());
}

}  // namespace belfry::plugin
