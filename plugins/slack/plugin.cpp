#include "slack/sink.hpp"
#include "slack_schema.hpp"

BELFRY_PLUGIN(belfry::slack::SlackSink, "slack", kSlackSchema, .title = "Slack: direct messages and channels", .version = "0.1.0",
              .license = "Apache-2.0",
              .services = {BELFRY_HOST_HTTP_CLIENT_1, BELFRY_HOST_KV_1, BELFRY_HOST_RATE_LIMIT_1, BELFRY_HOST_WEBSOCKET_1},
              .optional_services = {BELFRY_HOST_RECIPIENTS_1})
