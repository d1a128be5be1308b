// What a plugin said about an attempt, as the rest of the gateway may believe it. Pure.
#pragma once
#include <belfry/plugin.h>

#include <string>

#include "base/secret.hpp"
#include "model/outcome.hpp"

namespace belfry::plugin {

struct DecodedOutcome {
  model::Outcome outcome;
  std::string objection;  // what was wrong with it, empty when nothing was; the outcome counts all the same
};

// `outcome` may be null. An unknown code is a retry, an unknown scope the credential; the reason is a slug or "unspecified"; the detail is
// scrubbed, valid UTF-8 and at most 1,000 bytes; a receipt over 64 KiB or against sdk/receipt.schema.json is dropped; a retry_after over 7
// days is 7 days.
[[nodiscard]] DecodedOutcome decode_outcome(const belfry_outcome* outcome, const base::Scrubber& scrubber);

}  // namespace belfry::plugin
