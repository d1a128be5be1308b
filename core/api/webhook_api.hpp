// HTTP API for sources: one POST route per source. Responses: docs/reference/webhook.md, row by row.
#pragma once
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "delivery/acceptor.hpp"
#include "delivery/metrics.hpp"
#include "net/server/router.hpp"
#include "source/auth.hpp"

namespace belfry::api {

struct WebhookSource {
  std::string name;
  source::Credentials credentials;
  std::size_t max_body = 1024 * 1024;
};

// Checks credentials when the head of a request has arrived (net/server/admission.hpp). Ownership: the route shares ownership of the
// pipeline; the metrics and the clock outlive both.
[[nodiscard]] net::HttpRoute webhook_route(WebhookSource source, std::shared_ptr<delivery::Acceptor> pipeline, delivery::Metrics& metrics,
                                           const base::Clock& clock, const base::Logger& log);

}  // namespace belfry::api
