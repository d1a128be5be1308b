// How GoogleTest shows values of the SDK in a failure. The functions are in the namespace of the types, where GoogleTest looks for them.
#pragma once
#include <iosfwd>

#include "belfry/sdk/sink.hpp"

namespace belfry::sdk {

// retry "timeout": no response in time [maybe delivered, HTTP 503, after 5000 ms, scope account, receipt {...}]
void PrintTo(const Outcome& outcome, std::ostream* out);
// error at /url: must begin with https:// (remedy: ...)
void PrintTo(const Finding& finding, std::ostream* out);
void PrintTo(const ReconcileResult& result, std::ostream* out);

}  // namespace belfry::sdk
