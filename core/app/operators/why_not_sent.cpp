#include "app/operators/why_not_sent.hpp"

namespace belfry::app {
namespace {

constexpr std::size_t kMaxNamedRoutes = 3;

std::string details_of(const store::Acceptance& acceptance, std::string_view event) {
  std::string out;
  for (const auto& decision : acceptance.decisions)
    if (decision.event == event) out += (out.empty() ? "" : "; ") + decision.detail;
  return out;
}

// The condition that each route misses.
std::string mismatches(const route::Trace& trace) {
  std::string out;
  std::size_t count = 0;
  for (const auto& route : trace.routes) {
    if (route.match != route::Trace::Match::not_matched || ++count > kMaxNamedRoutes) continue;
    out += (out.empty() ? "" : "; ") + (route.name.empty() ? "the route" : "route \"" + route.name + "\"") + " at " + route.location +
           ": " + route.why;
  }
  if (count > kMaxNamedRoutes) out += "; and " + std::to_string(count - kMaxNamedRoutes) + " more";
  return out;
}

}  // namespace

std::string why_not_sent(const store::Acceptance& acceptance, const route::Trace& trace) {
  if (acceptance.dropped) {
    const auto matched = details_of(acceptance, "matched");
    return "it is dropped by " + details_of(acceptance, "dropped") + (matched.empty() ? "" : " (" + matched + ")");
  }
  if (const auto withheld = details_of(acceptance, "withheld"); !withheld.empty()) return "no route sends it: " + withheld;
  const auto missed = acceptance.notification.sensitive ? std::string() : mismatches(trace);  // they may quote it
  return "no route takes it" + (missed.empty() ? "" : ": " + missed);
}

}  // namespace belfry::app
