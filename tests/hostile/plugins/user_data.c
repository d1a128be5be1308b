/* Makes a request of every kind, each with a `user_data` of its own that needs all 64 bits. When every event has arrived, the delivery ends
 * as "ok", or with the name of the first request that brought back something else. Not hostile. */
#include "plain.h"

#define CLOCK SERVICE(belfry_host_clock, BELFRY_HOST_CLOCK_1)
#define KV SERVICE(belfry_host_kv, BELFRY_HOST_KV_1)
#define OFFLOAD SERVICE(belfry_host_offload, BELFRY_HOST_OFFLOAD_1)

enum { MAX_REQUESTS = 16 };

static struct {
  const char* name;
  uint32_t kind;
  belfry_ticket ticket;
} requests[MAX_REQUESTS];
static unsigned count, ended;
static belfry_ticket delivery;
static const char* wrong;

static uint64_t expected(unsigned request) { return UINT64_MAX - request; }
static uint64_t next(void) { return expected(count); }

static void add(const char* name, uint32_t kind, belfry_ticket ticket) {
  requests[count].name = name;
  requests[count].kind = kind;
  requests[count].ticket = ticket;
  ++count;
  if (ticket == 0 && wrong == NULL) wrong = name;
}

static belfry_ticket send_http(void) {
  belfry_http_request request;
  memset(&request, 0, sizeof request);
  request.size = sizeof request;
  request.on_behalf_of = delivery;
  request.user_data = next();
  request.method = text("GET");
  request.url = text("http://127.0.0.1/");
  return SERVICE(belfry_host_http_client, BELFRY_HOST_HTTP_CLIENT_1)->send(host->ctx, &request);
}

static belfry_ticket connect_websocket(void) {
  belfry_websocket_request request;
  memset(&request, 0, sizeof request);
  request.size = sizeof request;
  request.user_data = next();
  request.url = text("ws://127.0.0.1/");
  return SERVICE(belfry_host_websocket, BELFRY_HOST_WEBSOCKET_1)->connect(host->ctx, &request);
}

static void nothing(void* unused) { (void)unused; }
static void nothing_for(void* unused, int64_t deadline_ms) { (void)unused, (void)deadline_ms; }

static void deliver(void* self, const belfry_message* message) {
  (void)self;
  const belfry_bucket_key bucket = {sizeof bucket, BELFRY_SCOPE_SINK, text("user_data"), {NULL, 0}};
  delivery = message->ticket;
  count = ended = 0;
  wrong = NULL;
  add("run_for", BELFRY_EVENT_OFFLOAD, OFFLOAD->run_for(host->ctx, delivery, nothing_for, NULL, next())); /* before any other request */
  add("run", BELFRY_EVENT_OFFLOAD, OFFLOAD->run(host->ctx, nothing, NULL, next()));
  add("send", BELFRY_EVENT_HTTP, send_http());
  add("start_timer", BELFRY_EVENT_TIMER, CLOCK->start_timer(host->ctx, 1, delivery, next()));
  add("get", BELFRY_EVENT_KV, KV->get(host->ctx, BELFRY_SCOPE_SINK, text("key"), next()));
  add("put_durable", BELFRY_EVENT_KV,
      KV->put_durable(host->ctx, BELFRY_SCOPE_SINK, text("key"), text("value"), BELFRY_KV_ANY_VERSION, next()));
  add("erase", BELFRY_EVENT_KV, KV->erase(host->ctx, BELFRY_SCOPE_SINK, text("key"), next()));
  add("acquire", BELFRY_EVENT_RATE_GRANT,
      SERVICE(belfry_host_rate_limit, BELFRY_HOST_RATE_LIMIT_1)->acquire(host->ctx, &bucket, delivery, next()));
  add("connect", BELFRY_EVENT_WEBSOCKET, connect_websocket());
  add("wake", BELFRY_EVENT_WAKE, host->wake(host->ctx, next()));
  if (wrong != NULL) complete(delivery, BELFRY_DELIVERED, "ok", wrong);
}

/* A WebSocket has many events, which all bring it back. The last one ends the request. */
static int is_last(const belfry_event* event) {
  return event->kind != BELFRY_EVENT_WEBSOCKET || ((const belfry_websocket_event*)event->payload)->kind == BELFRY_WEBSOCKET_CLOSED;
}

static void event(void* self, const belfry_event* event) {
  (void)self;
  unsigned request = 0;
  while (request < count && requests[request].ticket != event->ticket) ++request;
  if (wrong == NULL && request == count) wrong = "another ticket";
  if (wrong == NULL && (event->user_data != expected(request) || event->kind != requests[request].kind)) wrong = requests[request].name;
  if (is_last(event) && ++ended == count) complete(delivery, BELFRY_DELIVERED, "ok", wrong == NULL ? "ok" : wrong);
}

static void customize(void) {
  declare(BELFRY_HOST_HTTP_CLIENT_1);
  declare(BELFRY_HOST_KV_1);
  declare(BELFRY_HOST_OFFLOAD_1);
  declare(BELFRY_HOST_RATE_LIMIT_1);
  declare(BELFRY_HOST_WEBSOCKET_1);
  api.deliver = deliver;
  api.event = event;
}
