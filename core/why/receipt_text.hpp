// Shows what a remote returned for a message that it accepted. Pure.
// Thread rule: any thread.
#pragma once
#include <string>

namespace belfry::why {

// "receipt 1700.1, channel D123": the id of a receipt (sdk/receipt.schema.json), and the members of its data that are a single word or a
// number, at most four. Sentences are left out: they could quote the notification. Empty if nothing can be shown.
[[nodiscard]] std::string receipt_text(const std::string& receipt);

}  // namespace belfry::why
