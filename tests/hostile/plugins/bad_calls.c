/* Calls the host with tickets that were never issued and with invalid arguments, then delivers. */
#include "plain.h"

#define GET(type, id) ((const type*)host->service(host->ctx, text(id)))

static void deliver(void* self, const belfry_message* message) {
  (void)self;
  void* const ctx = host->ctx;
  const belfry_str none = {NULL, 0};
  host->complete(ctx, 0, NULL);
  host->complete(ctx, UINT64_MAX, NULL);
  host->complete(ctx, 1, NULL); /* another instance's range */

  const belfry_http_client* http = GET(belfry_http_client, BELFRY_HTTP_CLIENT_1);
  http->send(ctx, NULL);
  http->cancel(ctx, UINT64_MAX);
  belfry_http_header header = {text("X-Bad\r\nInjected"), text("1")};
  belfry_http_request request;
  memset(&request, 0, sizeof request);
  request.size = sizeof request;
  request.method = text("GET");
  request.url = text("http://127.0.0.1/");
  request.headers = &header;
  request.header_count = 1;
  http->send(ctx, &request);
  request.headers = NULL;
  http->send(ctx, &request);
  request.header_count = 0;
  request.on_behalf_of = UINT64_MAX;
  http->send(ctx, &request);

  GET(belfry_clock, BELFRY_CLOCK_1)->start_timer(ctx, UINT64_MAX, 0);
  GET(belfry_clock, BELFRY_CLOCK_1)->cancel_timer(ctx, 12345);
  GET(belfry_metrics, BELFRY_METRICS_1)->counter_add(ctx, text("Bad-Name"), 1);
  GET(belfry_metrics, BELFRY_METRICS_1)->counter_add(ctx, text("good"), -1);
  GET(belfry_kv, BELFRY_KV_1)->get(ctx, 99, none);
  GET(belfry_kv, BELFRY_KV_1)->put(ctx, BELFRY_KV_INSTANCE, none, none);
  GET(belfry_rate_limit, BELFRY_RATE_LIMIT_1)->define(ctx, NULL, 0, 0, 0);
  GET(belfry_rate_limit, BELFRY_RATE_LIMIT_1)->limited(ctx, NULL, 0);
  GET(belfry_rate_limit, BELFRY_RATE_LIMIT_1)->acquire(ctx, NULL, UINT64_MAX);
  GET(belfry_secrets, BELFRY_SECRETS_1)->reveal(ctx, text("secret:other/token"), NULL);
  GET(belfry_offload, BELFRY_OFFLOAD_1)->run(ctx, NULL, NULL);
  GET(belfry_inbound_replies, BELFRY_INBOUND_HTTP_1)->reply(ctx, message->ticket, NULL);
  GET(belfry_recipients, BELFRY_RECIPIENTS_1)->time_zone(ctx, none, none);
  GET(belfry_log, BELFRY_LOG_1)->write(ctx, 4711, none);
  const int unknown = host->service(ctx, text("belfry.no-such/1")) == NULL && host->service(ctx, none) == NULL;
  complete(message->ticket, BELFRY_DELIVERED, unknown ? "ok" : "wrong", "");
}

static void customize(void) { instance.deliver = deliver; }
