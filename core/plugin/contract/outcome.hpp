// Converts the outcome that a plugin reported into one that the rest of the gateway can trust. Pure.
#pragma once
#include <belfry/plugin.h>

#include <string>

#include "base/secret.hpp"
#include "model/outcome.hpp"

namespace belfry::plugin {

struct DecodedOutcome {
  model::Outcome outcome;
  std::string defects;  // defects of the reported outcome, joined by "; "; empty when none. `outcome` is valid either way
};

// `outcome` may be null. An unknown code becomes a retry, an unknown scope becomes the credential, and a reason that is no slug becomes
// "unspecified". The detail is scrubbed, valid UTF-8 and at most 1,000 bytes. A receipt over 64 KiB or against sdk/receipt.schema.json is
// dropped. A retry_after over 7 days becomes 7 days.
[[nodiscard]] DecodedOutcome decode_outcome(const belfry_outcome* outcome, const base::Scrubber& scrubber);

}  // namespace belfry::plugin
