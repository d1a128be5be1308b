/* Uses one service, named in the configuration, and reports the result in the detail of the outcome. Not hostile: the tests of the services
 * need a plugin that calls them. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>

#include "plain.h"

#define GET(type, id) ((const type*)host->service(host->ctx, text(id)))

static char todo[256];
static belfry_ticket delivery;
static belfry_ticket waiting;
static int step;
static int offloaded;

static int configured_to(const char* what) { return strstr(todo, what) != NULL; }

static void done(const char* detail) { complete(delivery, BELFRY_DELIVERED, "ok", detail); }

static int32_t configure(void* self, belfry_str config, const belfry_writer* problems) {
  (void)self;
  const size_t size = config.len < sizeof todo - 1 ? config.len : sizeof todo - 1;
  memcpy(todo, config.ptr, size);
  todo[size] = 0;
  char* const token = strstr(todo, "\"token\"");
  if (token != NULL) *token = 0; /* the instructions come before it */
  say(problems, "/do\tthis is a warning\n");
  return 0;
}

static void collect(void* ctx, belfry_str piece) { strncat((char*)ctx, piece.ptr == NULL ? "" : piece.ptr, piece.len); }

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
  waiting = GET(belfry_http_client, BELFRY_HTTP_CLIENT_1)->send(host->ctx, &request);
}

static void deliver(void* self, const belfry_message* message) {
  (void)self;
  delivery = message->ticket;
  step = 0;
  if (configured_to("http")) send_http(configured_to("ownerless") ? 0 : delivery);
  if (configured_to("http cancel")) {
    GET(belfry_http_client, BELFRY_HTTP_CLIENT_1)->cancel(host->ctx, waiting);
    done("cancelled");
  }
  if (configured_to("timer")) waiting = GET(belfry_clock, BELFRY_CLOCK_1)->start_timer(host->ctx, 5, delivery);
  if (configured_to("kv")) waiting = GET(belfry_kv, BELFRY_KV_1)->get(host->ctx, BELFRY_KV_INSTANCE, text("key"));
  if (configured_to("credential"))
    waiting = GET(belfry_kv, BELFRY_KV_1)->put_durable(host->ctx, BELFRY_KV_CREDENTIAL, text("key"), text("v"), 0);
  if (configured_to("rate")) {
    belfry_budget budget = {sizeof budget, 0, {NULL, 0}, text("post"), {NULL, 0}};
    GET(belfry_rate_limit, BELFRY_RATE_LIMIT_1)->define(host->ctx, &budget, 1, 60000, 1);
    waiting = GET(belfry_rate_limit, BELFRY_RATE_LIMIT_1)->acquire(host->ctx, &budget, delivery);
  }
  if (configured_to("offload")) waiting = GET(belfry_offload, BELFRY_OFFLOAD_1)->run(host->ctx, offload, &offloaded);
  if (configured_to("secret")) {
    char value[64] = "revealed ";
    const belfry_writer out = {value, collect};
    const belfry_secrets* secrets = GET(belfry_secrets, BELFRY_SECRETS_1);
    const int known = secrets->reveal(host->ctx, text("secret:sink/token"), &out) == 0;
    done(known && secrets->reveal(host->ctx, text("secret:sink/other"), &out) != 0 ? value : "not known");
  }
  if (configured_to("metrics")) {
    const belfry_metrics* metrics = GET(belfry_metrics, BELFRY_METRICS_1);
    metrics->counter_add(host->ctx, text("posts"), 2);
    metrics->gauge_set(host->ctx, text("level"), -1.5);
    metrics->gauge_set(host->ctx, text("posts"), 7);
    done("counted");
  }
  if (configured_to("message")) {
    char detail[512];
    snprintf(detail, sizeof detail, "%.*s %u %u %.*s", (int)message->delivery_id.len, message->delivery_id.ptr, message->attempt,
             message->flags, (int)message->prior_receipt_json.len, message->prior_receipt_json.ptr);
    done(detail);
  }
  if (configured_to("zone")) {
    static char longer[256];
    memset(longer, 'x', sizeof longer);
    const belfry_recipients* recipients = GET(belfry_recipients, BELFRY_RECIPIENTS_1);
    const belfry_str none = {NULL, 0}, long_email = {longer, 255}, long_zone = {longer, 65};
    recipients->time_zone(host->ctx, none, text("Asia/Tokyo"));
    recipients->time_zone(host->ctx, long_email, text("Asia/Tokyo"));
    recipients->time_zone(host->ctx, text("Bobby@Coder.com"), none);
    recipients->time_zone(host->ctx, text("Bobby@Coder.com"), long_zone);
    recipients->time_zone(host->ctx, text("Bobby@Coder.com"), text("Asia/Tokyo"));
    done("reported");
  }
  if (configured_to("log")) {
    GET(belfry_log, BELFRY_LOG_1)->write(host->ctx, BELFRY_LOG_WARN, text("the token is tok-123456"));
    done("logged");
  }
}

static void event(void* self, belfry_ticket ticket, uint32_t kind, const void* payload) {
  (void)self;
  if (ticket != waiting) {
    done("another ticket");
    return;
  }
  char detail[256] = "";
  if (kind == BELFRY_EVENT_HTTP) {
    const belfry_http_result* result = payload;
    snprintf(detail, sizeof detail, "http %u %u %u %u %.*s%.*s", result->error, result->flags, result->status, result->header_count,
             (int)result->body.len, result->body.ptr, (int)result->error_text.len, result->error_text.ptr);
  } else if (kind == BELFRY_EVENT_TIMER) {
    snprintf(detail, sizeof detail, "timer %s", payload == NULL ? "null" : "wrong");
  } else if (kind == BELFRY_EVENT_OFFLOAD) {
    snprintf(detail, sizeof detail, "offload %d", offloaded);
  } else if (kind == BELFRY_EVENT_RATE_GRANT) {
    snprintf(detail, sizeof detail, "granted");
  } else if (kind == BELFRY_EVENT_KV && configured_to("credential")) {
    snprintf(detail, sizeof detail, "put %u", ((const belfry_kv_result*)payload)->status);
  } else if (kind == BELFRY_EVENT_KV) {
    /* get: absent; put: version 1; put over version 7: conflict; get: found; erase. */
    static char seen[256];
    const belfry_kv* kv = GET(belfry_kv, BELFRY_KV_1);
    const belfry_kv_result* result = payload;
    snprintf(seen + strlen(seen), sizeof seen - strlen(seen), "[%u %u %.*s]", result->status, (unsigned)result->version,
             (int)result->value.len, result->value.len == 0 ? "" : result->value.ptr);
    ++step;
    if (step == 1) waiting = kv->put_durable(host->ctx, BELFRY_KV_INSTANCE, text("key"), text("value"), 0);
    if (step == 2) waiting = kv->put_durable(host->ctx, BELFRY_KV_INSTANCE, text("key"), text("other"), 7);
    if (step == 3) waiting = kv->get(host->ctx, BELFRY_KV_INSTANCE, text("key"));
    if (step == 4) waiting = kv->erase(host->ctx, BELFRY_KV_INSTANCE, text("key"));
    if (step < 5) return;
    done(seen);
    seen[0] = 0;
    return;
  }
  done(detail);
}

static void routes(void* self, const belfry_writer* out) {
  (void)self;
  say(out, "POST /in\nGET /in/");
  say(out, "status\n");
}
static uint32_t verify(void* self, const belfry_inbound_request* request) {
  (void)self;
  if (request->body.len == 0) return 401;
  return request->body.ptr[0] == '!' ? 12 : 0;
}
static void handle(void* self, belfry_ticket ticket, const belfry_inbound_request* request) {
  (void)self;
  const belfry_inbound_replies* replies = GET(belfry_inbound_replies, BELFRY_INBOUND_HTTP_1);
  if (request->body.ptr[0] == '-') return; /* never */
  belfry_inbound_reply reply = {sizeof reply, request->body.ptr[0] == '?' ? 9 : 200, text("text/plain"), request->body};
  replies->reply(host->ctx, ticket, &reply);
}
static const belfry_inbound_http inbound = {sizeof inbound, 0, routes, verify, handle};

static void reconcile(void* self, const belfry_message* message) {
  (void)self;
  complete(message->ticket, BELFRY_REJECTED, "not_found", "");
}
static const belfry_reconcile reconciles = {sizeof reconciles, 0, reconcile};

static int32_t render(void* self, const belfry_message* message, const belfry_writer* out) {
  (void)self, (void)message;
  say(out, configured_to("render badly") ? "cannot tok-123456" : "[{\"method\": \"POST\"}]");
  return configured_to("render badly") ? 1 : 0;
}
static const belfry_render renders = {sizeof renders, 0, render};

static const void* extension(void* self, belfry_str id) {
  (void)self;
  if (id.len == strlen(BELFRY_INBOUND_HTTP_1) && memcmp(id.ptr, BELFRY_INBOUND_HTTP_1, id.len) == 0) return &inbound;
  if (id.len == strlen(BELFRY_RECONCILE_1) && memcmp(id.ptr, BELFRY_RECONCILE_1, id.len) == 0) return &reconciles;
  if (id.len == strlen(BELFRY_RENDER_1) && memcmp(id.ptr, BELFRY_RENDER_1, id.len) == 0) return &renders;
  return NULL;
}

static void customize(void) {
  instance.configure = configure;
  instance.deliver = deliver;
  instance.event = event;
  instance.extension = extension;
}
