/* Calls the host with tickets that were never issued and with invalid arguments, then delivers. */
#include "plain.h"

#define CLOCK SERVICE(belfry_host_clock, BELFRY_HOST_CLOCK_1)
#define KV SERVICE(belfry_host_kv, BELFRY_HOST_KV_1)
#define METRICS SERVICE(belfry_host_metrics, BELFRY_HOST_METRICS_1)
#define RATE_LIMIT SERVICE(belfry_host_rate_limit, BELFRY_HOST_RATE_LIMIT_1)

static void deliver(void* self, const belfry_message* message) {
  (void)self;
  void* const ctx = host->ctx;
  const belfry_str none = {NULL, 0};
  host->complete(ctx, 0, NULL);
  host->complete(ctx, UINT64_MAX, NULL);
  host->complete(ctx, 1, NULL); /* another sink's range */
  host->cancel(ctx, 0);
  host->cancel(ctx, UINT64_MAX);
  host->cancel(ctx, 12345);

  const belfry_host_http_client* http = service(BELFRY_HOST_HTTP_CLIENT_1);
  http->send(ctx, NULL);
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

  CLOCK->start_timer(ctx, UINT64_MAX, 0, 0);
  METRICS->counter_add(ctx, text("Bad-Name"), 1);
  METRICS->counter_add(ctx, text("good"), -1);
  KV->get(ctx, 99, none, 0);
  KV->put(ctx, BELFRY_SCOPE_SINK, none, none);
  RATE_LIMIT->define(ctx, NULL, 0, 0, 0);
  RATE_LIMIT->report_limited(ctx, NULL, 0);
  RATE_LIMIT->acquire(ctx, NULL, UINT64_MAX, 0);
  RATE_LIMIT->wait_time_ms(ctx, NULL);
  SERVICE(belfry_host_secrets, BELFRY_HOST_SECRETS_1)->reveal(ctx, text("secret:other/token"), NULL);
  SERVICE(belfry_host_offload, BELFRY_HOST_OFFLOAD_1)->run(ctx, NULL, NULL, 0);
  SERVICE(belfry_host_offload, BELFRY_HOST_OFFLOAD_1)->run_for(ctx, UINT64_MAX, NULL, NULL, 0);
  SERVICE(belfry_host_websocket, BELFRY_HOST_WEBSOCKET_1)->connect(ctx, NULL);
  SERVICE(belfry_host_inbound_http, BELFRY_HOST_INBOUND_HTTP_1)->reply(ctx, message->ticket, NULL);
  SERVICE(belfry_host_reconcile, BELFRY_HOST_RECONCILE_1)->settle(ctx, UINT64_MAX, NULL);
  SERVICE(belfry_host_check_online, BELFRY_HOST_CHECK_ONLINE_1)->add(ctx, UINT64_MAX, NULL);
  SERVICE(belfry_host_check_online, BELFRY_HOST_CHECK_ONLINE_1)->end(ctx, UINT64_MAX, none);
  SERVICE(belfry_host_recipients, BELFRY_HOST_RECIPIENTS_1)->set_time_zone(ctx, none, none);
  SERVICE(belfry_host_log, BELFRY_HOST_LOG_1)->write(ctx, 4711, none);
  const int unknown = host->service(ctx, text("belfry.host.no-such/1")) == NULL && host->service(ctx, none) == NULL;
  complete(message->ticket, BELFRY_DELIVERED, unknown ? "ok" : "wrong", "");
}

static void customize(void) {
  declare(BELFRY_HOST_CHECK_ONLINE_1);
  declare(BELFRY_HOST_HTTP_CLIENT_1);
  declare(BELFRY_HOST_INBOUND_HTTP_1);
  declare(BELFRY_HOST_KV_1);
  declare(BELFRY_HOST_OFFLOAD_1);
  declare(BELFRY_HOST_RATE_LIMIT_1);
  declare(BELFRY_HOST_RECIPIENTS_1);
  declare(BELFRY_HOST_RECONCILE_1);
  declare(BELFRY_HOST_WEBSOCKET_1);
  api.deliver = deliver;
}
