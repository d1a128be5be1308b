/* Begins the configured request and cancels it at once. 50 ms later the delivery ends as "cancelled", unless the event of the cancelled
 * request has arrived. Offloaded work is the exception: its event must arrive, but the function must not be called. Not hostile. */
#include <semaphore.h>

#include "plain.h"

static belfry_ticket delivery;
static belfry_ticket cancelled;
static belfry_ticket timer;
static sem_t release;
static int events;
static int calls;

static void wait_for_release(void* unused) {
  (void)unused;
  sem_wait(&release);
}

static void count_call(void* unused) {
  (void)unused;
  ++calls;
}

static belfry_ticket send_http(void) {
  belfry_http_request request;
  memset(&request, 0, sizeof request);
  request.size = sizeof request;
  request.on_behalf_of = delivery;
  request.method = text("GET");
  request.url = text("http://127.0.0.1/");
  return SERVICE(belfry_host_http_client, BELFRY_HOST_HTTP_CLIENT_1)->send(host->ctx, &request);
}

static belfry_ticket connect_websocket(void) {
  belfry_websocket_request request;
  memset(&request, 0, sizeof request);
  request.size = sizeof request;
  request.url = text("ws://127.0.0.1/");
  return SERVICE(belfry_host_websocket, BELFRY_HOST_WEBSOCKET_1)->connect(host->ctx, &request);
}

/* On a pool of one thread, the second function waits for the first. */
static belfry_ticket offload(void) {
  const belfry_host_offload* pool = service(BELFRY_HOST_OFFLOAD_1);
  pool->run(host->ctx, wait_for_release, NULL, 0);
  return pool->run(host->ctx, count_call, NULL, 0);
}

static belfry_ticket begin(void) {
  const belfry_bucket_key bucket = {sizeof bucket, BELFRY_SCOPE_SINK, text("cancelled"), {NULL, 0}};
  if (configured_to("timer")) return SERVICE(belfry_host_clock, BELFRY_HOST_CLOCK_1)->start_timer(host->ctx, 0, delivery, 0);
  if (configured_to("http")) return send_http();
  if (configured_to("kv")) return SERVICE(belfry_host_kv, BELFRY_HOST_KV_1)->get(host->ctx, BELFRY_SCOPE_SINK, text("key"), 0);
  if (configured_to("rate")) return SERVICE(belfry_host_rate_limit, BELFRY_HOST_RATE_LIMIT_1)->acquire(host->ctx, &bucket, delivery, 0);
  if (configured_to("websocket")) return connect_websocket();
  return configured_to("offload") ? offload() : 0;
}

static void deliver(void* self, const belfry_message* message) {
  (void)self;
  delivery = message->ticket;
  events = 0;
  calls = 0;
  sem_init(&release, 0, 0);
  cancelled = begin();
  if (cancelled == 0) {
    complete(delivery, BELFRY_DELIVERED, "ok", "not begun");
    return;
  }
  host->cancel(host->ctx, cancelled);
  host->cancel(host->ctx, cancelled); /* it has ended, so this has no effect */
  sem_post(&release);
  timer = SERVICE(belfry_host_clock, BELFRY_HOST_CLOCK_1)->start_timer(host->ctx, 50, delivery, 0);
}

static void event(void* self, const belfry_event* event) {
  (void)self;
  if (event->ticket == cancelled) {
    ++events;
  } else if (event->ticket == timer) {
    timer = 0;
  } else {
    return;
  }
  const int expected = configured_to("offload") ? 1 : 0;
  if (timer != 0 || events < expected) return;
  complete(delivery, BELFRY_DELIVERED, "ok", calls != 0 ? "called" : events > expected ? "an event arrived" : "cancelled");
}

static void customize(void) {
  declare(BELFRY_HOST_HTTP_CLIENT_1);
  declare(BELFRY_HOST_KV_1);
  declare(BELFRY_HOST_OFFLOAD_1);
  declare(BELFRY_HOST_RATE_LIMIT_1);
  declare(BELFRY_HOST_WEBSOCKET_1);
  api.configure = keep_configuration;
  api.deliver = deliver;
  api.event = event;
}
