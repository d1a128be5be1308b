/* Uses one service, named in the configuration, and reports the result in the detail of the outcome. Not hostile: the tests of the services
 * need a plugin that calls them. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>

#include "plain.h"

#define CLOCK SERVICE(belfry_host_clock, BELFRY_HOST_CLOCK_1)
#define KV SERVICE(belfry_host_kv, BELFRY_HOST_KV_1)
#define RATE_LIMIT SERVICE(belfry_host_rate_limit, BELFRY_HOST_RATE_LIMIT_1)

static belfry_ticket delivery;
static belfry_ticket waiting;
static int step;
static int offloaded;

/* "credential" is the word that instance_test.cpp used for it in version 0. */
static int configured_to_account(void) { return configured_to("account") || configured_to("credential"); }

static void done(const char* detail) { complete(delivery, BELFRY_DELIVERED, "ok", detail); }

static belfry_status configure(void* self, belfry_str config, const belfry_findings* findings) {
  report(findings, BELFRY_FINDING_WARNING, "/do", "this is a warning");
  return keep_configuration(self, config, findings);
}

static belfry_status collect(void* ctx, belfry_str piece) {
  strncat((char*)ctx, piece.ptr == NULL ? "" : piece.ptr, piece.len);
  return BELFRY_OK;
}

static void offload(void* arg) { *(int*)arg += 1; }

static void send_http(belfry_ticket owner) {
  belfry_http_header header = {text("X-Test"), text("yes")};
  belfry_http_request request;
  memset(&request, 0, sizeof request);
  request.size = sizeof request;
  request.on_behalf_of = owner;
  request.method = text("POST");
  request.url = text("http://127.0.0.1/post");
  request.headers = &header;
  request.header_count = 1;
  request.body = text("body");
  waiting = SERVICE(belfry_host_http_client, BELFRY_HOST_HTTP_CLIENT_1)->send(host->ctx, &request);
}

static void deliver(void* self, const belfry_message* message) {
  (void)self;
  delivery = message->ticket;
  step = 0;
  if (configured_to("http")) send_http(configured_to("ownerless") ? 0 : delivery);
  if (configured_to("http cancel")) {
    host->cancel(host->ctx, waiting);
    done("cancelled");
  }
  if (configured_to("timer")) waiting = CLOCK->start_timer(host->ctx, 5, delivery, 0);
  if (configured_to("kv")) waiting = KV->get(host->ctx, BELFRY_SCOPE_SINK, text("key"), 0);
  if (configured_to_account()) waiting = KV->put_durable(host->ctx, BELFRY_SCOPE_ACCOUNT, text("key"), text("v"), 0, 0);
  if (configured_to("rate")) {
    const belfry_bucket_key bucket = {sizeof bucket, BELFRY_SCOPE_SINK, text("post"), {NULL, 0}};
    RATE_LIMIT->define(host->ctx, &bucket, 1, 60000, 1);
    waiting = RATE_LIMIT->acquire(host->ctx, &bucket, delivery, 0);
  }
  if (configured_to("offload")) waiting = SERVICE(belfry_host_offload, BELFRY_HOST_OFFLOAD_1)->run(host->ctx, offload, &offloaded, 0);
  if (configured_to("secret")) {
    char value[64] = "revealed ";
    const belfry_writer out = {value, collect};
    const belfry_host_secrets* secrets = service(BELFRY_HOST_SECRETS_1);
    const int known = secrets->reveal(host->ctx, text("secret:sink/token"), &out) == BELFRY_OK;
    done(known && secrets->reveal(host->ctx, text("secret:sink/other"), &out) != BELFRY_OK ? value : "not known");
  }
  if (configured_to("metrics")) {
    const belfry_host_metrics* metrics = service(BELFRY_HOST_METRICS_1);
    metrics->counter_add(host->ctx, text("posts"), 2);
    metrics->gauge_set(host->ctx, text("level"), -1.5);
    metrics->gauge_set(host->ctx, text("posts"), 7);
    done("counted");
  }
  if (configured_to("message")) {
    char detail[512];
    snprintf(detail, sizeof detail, "%.*s %u %u", (int)message->delivery_id.len, message->delivery_id.ptr, message->attempt,
             message->flags);
    done(detail);
  }
  if (configured_to("zone")) {
    static char longer[256];
    memset(longer, 'x', sizeof longer);
    const belfry_host_recipients* recipients = service(BELFRY_HOST_RECIPIENTS_1);
    const belfry_str none = {NULL, 0}, long_email = {longer, BELFRY_MAX_EMAIL_BYTES + 1},
                     long_zone = {longer, BELFRY_MAX_TIME_ZONE_BYTES + 1};
    recipients->set_time_zone(host->ctx, none, text("Asia/Tokyo"));
    recipients->set_time_zone(host->ctx, long_email, text("Asia/Tokyo"));
    recipients->set_time_zone(host->ctx, text("Bobby@Coder.com"), none);
    recipients->set_time_zone(host->ctx, text("Bobby@Coder.com"), long_zone);
    recipients->set_time_zone(host->ctx, text("Bobby@Coder.com"), text("Asia/Tokyo"));
    done("reported");
  }
  if (configured_to("log")) {
    SERVICE(belfry_host_log, BELFRY_HOST_LOG_1)->write(host->ctx, BELFRY_LOG_WARN, text("the token is tok-123456"));
    done("logged");
  }
}

static void event(void* self, const belfry_event* event) {
  (void)self;
  if (event->ticket != waiting) {
    done("another ticket");
    return;
  }
  char detail[256] = "";
  if (event->kind == BELFRY_EVENT_HTTP) {
    const belfry_http_result* result = event->payload;
    snprintf(detail, sizeof detail, "http %u %u %u %u %.*s%.*s", result->error, result->flags, result->status, result->header_count,
             (int)result->body.len, result->body.ptr, (int)result->error_text.len, result->error_text.ptr);
  } else if (event->kind == BELFRY_EVENT_TIMER) {
    snprintf(detail, sizeof detail, "timer %s", event->payload == NULL ? "null" : "wrong");
  } else if (event->kind == BELFRY_EVENT_OFFLOAD) {
    snprintf(detail, sizeof detail, "offload %d", offloaded);
  } else if (event->kind == BELFRY_EVENT_RATE_GRANT) {
    snprintf(detail, sizeof detail, "granted");
  } else if (event->kind == BELFRY_EVENT_KV && configured_to_account()) {
    snprintf(detail, sizeof detail, "put %u", ((const belfry_kv_result*)event->payload)->status);
  } else if (event->kind == BELFRY_EVENT_KV) {
    /* get: absent; put: version 1; put over version 7: conflict; get: found; erase. */
    static char seen[256];
    const belfry_kv_result* result = event->payload;
    snprintf(seen + strlen(seen), sizeof seen - strlen(seen), "[%u %u %.*s]", result->status, (unsigned)result->version,
             (int)result->value.len, result->value.len == 0 ? "" : result->value.ptr);
    ++step;
    if (step == 1) waiting = KV->put_durable(host->ctx, BELFRY_SCOPE_SINK, text("key"), text("value"), 0, 0);
    if (step == 2) waiting = KV->put_durable(host->ctx, BELFRY_SCOPE_SINK, text("key"), text("other"), 7, 0);
    if (step == 3) waiting = KV->get(host->ctx, BELFRY_SCOPE_SINK, text("key"), 0);
    if (step == 4) waiting = KV->erase(host->ctx, BELFRY_SCOPE_SINK, text("key"), 0);
    if (step < 5) return;
    done(seen);
    seen[0] = 0;
    return;
  }
  done(detail);
}

static uint32_t routes(void* self, const belfry_inbound_route** out) {
  (void)self;
  static belfry_inbound_route all[2];
  all[0].method = text("POST");
  all[0].path = text("/in");
  all[1].method = text("GET");
  all[1].path = text("/in/status");
  *out = all;
  return 2;
}
static uint32_t verify(void* self, const belfry_inbound_request* request) {
  (void)self;
  if (request->body.len == 0) return 401;
  return request->body.ptr[0] == '!' ? 12 : 0;
}
static void handle(void* self, belfry_ticket ticket, const belfry_inbound_request* request) {
  (void)self;
  if (request->body.ptr[0] == '-') return; /* never */
  const belfry_inbound_reply reply = {sizeof reply, request->body.ptr[0] == '?' ? 9 : 200, text("text/plain"), request->body};
  SERVICE(belfry_host_inbound_http, BELFRY_HOST_INBOUND_HTTP_1)->reply(host->ctx, ticket, &reply);
}
static const belfry_sink_inbound_http inbound = {sizeof inbound, 0, routes, verify, handle};

static void reconcile(void* self, const belfry_message* message) {
  (void)self;
  belfry_reconcile_result result;
  memset(&result, 0, sizeof result);
  result.size = sizeof result;
  result.code = BELFRY_RECONCILE_ABSENT;
  if (configured_to("found")) {
    result.code = BELFRY_RECONCILE_FOUND;
    result.receipt_json = text("{\"id\":\"1\"}");
  } else if (configured_to("ask again")) {
    result.code = BELFRY_RECONCILE_ASK_AGAIN;
    result.retry_after_ms = 5000;
    result.detail = text("the remote is busy");
  } else if (configured_to("unknown")) {
    result.code = BELFRY_RECONCILE_UNKNOWN;
    result.detail = text("the remote keeps no record");
  } else if (configured_to("another code")) {
    result.code = 4711;
  }
  SERVICE(belfry_host_reconcile, BELFRY_HOST_RECONCILE_1)->settle(host->ctx, message->ticket, &result);
}
static const belfry_sink_reconcile reconciles = {sizeof reconciles, 0, reconcile};

static belfry_status render(void* self, const belfry_message* message, const belfry_writer* out) {
  (void)self, (void)message;
  say(out, configured_to("render badly") ? "cannot tok-123456" : "[{\"method\": \"POST\"}]");
  return configured_to("render badly") ? BELFRY_FAILED : BELFRY_OK;
}
static const belfry_sink_render renders = {sizeof renders, 0, render};

static const void* extension(void* self, belfry_str id) {
  (void)self;
  if (is(id, BELFRY_SINK_INBOUND_HTTP_1)) return &inbound;
  if (is(id, BELFRY_SINK_RECONCILE_1)) return &reconciles;
  if (is(id, BELFRY_SINK_RENDER_1)) return &renders;
  return NULL;
}

static void customize(void) {
  declare(BELFRY_HOST_HTTP_CLIENT_1);
  declare(BELFRY_HOST_INBOUND_HTTP_1);
  declare(BELFRY_HOST_KV_1);
  declare(BELFRY_HOST_OFFLOAD_1);
  declare(BELFRY_HOST_RATE_LIMIT_1);
  declare(BELFRY_HOST_RECIPIENTS_1);
  declare(BELFRY_HOST_RECONCILE_1);
  api.configure = configure;
  api.deliver = deliver;
  api.event = event;
  api.extension = extension;
}
