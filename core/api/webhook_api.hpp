// The door for sources: one POST route a source. The answers are docs/reference/webhook.md, row by row.
#pragma once
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "delivery/metrics.hpp"
#include "delivery/pipeline.hpp"
#include "net/router.hpp"
#include "source/auth.hpp"

namespace belfry::api {

struct WebhookSource {
  std::string name;
  source::Credentials credentials;
  std::size_t max_body = 1024 * 1024;
};

// Credentials are judged from the head of a request (net/admission.hpp). The route keeps its pipeline; the metrics and the clock outlive
// both.
[[nodiscard]] net::Route webhook_route(WebhookSource source, std::shared_ptr<delivery::Pipeline> pipeline, delivery::Metrics& metrics,
                                       const base::Clock& clock, const base::Logger& log);

}  // namespace belfry::api
