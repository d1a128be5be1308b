#include "slack/sink.hpp"
#include "slack_schema.hpp"

BELFRY_PLUGIN(belfry::slack::SlackSink, "slack", kSlackSchema, .title = "Slack: direct messages and channels", .version = "0.1.0",
              .license = "Apache-2.0",
              .services = {BELFRY_HTTP_CLIENT_1, BELFRY_CLOCK_1, BELFRY_KV_1, BELFRY_RATE_LIMIT_1, BELFRY_SECRETS_1, BELFRY_WEBSOCKET_1})
