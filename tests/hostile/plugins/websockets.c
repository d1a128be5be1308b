/* Uses websocket/1 as configured, correctly or not. Mostly not hostile: the tests of the service need a plugin that calls it. The delivery
 * ends with the connection; its detail lists the events, one word each. */
#include <stdio.h>
#include <stdlib.h>

#include "plain.h"

static char seen[512];
static belfry_ticket delivery;
static belfry_ticket connection;
static unsigned refused;

static const belfry_host_websocket* sockets(void) { return service(BELFRY_HOST_WEBSOCKET_1); }

static belfry_ticket connect_to(const char* url) {
  belfry_http_header header = {text(configured_to("bad header") ? "X\nTest" : "X-Test"), text("yes")};
  belfry_websocket_request request;
  memset(&request, 0, sizeof request);
  request.size = sizeof request;
  request.url = text(url);
  request.headers = &header;
  request.header_count = 1;
  if (configured_to("particular")) {
    request.timeout_ms = 1;
    request.ping_interval_ms = 2;
    request.pong_timeout_ms = 3;
    request.idle_timeout_ms = 4;
    request.max_message_bytes = UINT64_MAX;
  }
  return sockets()->connect(host->ctx, &request);
}

static void deliver(void* self, const belfry_message* message) {
  (void)self;
  delivery = message->ticket;
  seen[0] = 0;
  const int wanted = configured_to("many") ? 18 : 1;
  for (int i = 0; i < wanted; ++i) connection = connect_to("wss://127.0.0.1/link");
  if (configured_to("at once")) sockets()->close(host->ctx, connection, 1000, text(""));
  if (configured_to("hold")) complete(delivery, BELFRY_DELIVERED, "ok", "");
}

static void note(const char* word, belfry_str more) {
  const size_t used = strlen(seen);
  snprintf(seen + used, sizeof seen - used, "%s%s%.*s", used == 0 ? "" : " ", word, (int)more.len, more.len == 0 ? "" : more.ptr);
}

static void message(const belfry_websocket_event* event) {
  static const belfry_str nothing = {NULL, 0};
  note(event->kind == BELFRY_WEBSOCKET_TEXT ? "text:" : "binary:", event->data);
  if (configured_to("echo") && sockets()->send_text(host->ctx, connection, event->data) != BELFRY_OK) note("unsent", nothing);
  if (configured_to("echo")) sockets()->receive(host->ctx, connection, 1);
  if (configured_to("not UTF-8") && sockets()->send_text(host->ctx, connection, text("\xFF")) != BELFRY_OK) note("refused", nothing);
  if (configured_to("say goodbye")) sockets()->close(host->ctx, connection, 4000, text("enough"));
  if (configured_to("wrong code")) sockets()->close(host->ctx, connection, 1005, text("\xFF"));
}

static void event(void* self, const belfry_event* raised) {
  (void)self;
  static const belfry_str nothing = {NULL, 0};
  if (raised->kind != BELFRY_EVENT_WEBSOCKET) return;
  const belfry_websocket_event* event = raised->payload;
  if (configured_to("many")) {
    if (event->kind == BELFRY_WEBSOCKET_CLOSED && event->error == BELFRY_HTTP_REFUSED && ++refused == 2) {
      complete(delivery, BELFRY_DELIVERED, "ok", "two were refused");
    }
    return;
  }
  if (raised->ticket != connection) note("another ticket", nothing);
  if (event->kind == BELFRY_WEBSOCKET_OPEN) {
    note("open", nothing);
    sockets()->receive(host->ctx, connection, configured_to("greedy") ? UINT32_MAX : 1);
    if (configured_to("greedy")) sockets()->receive(host->ctx, connection, UINT32_MAX);
  } else if (event->kind == BELFRY_WEBSOCKET_CLOSED) {
    char end[64];
    snprintf(end, sizeof end, "closed:%u/%u/%u:", event->close_code, event->error, event->http_status);
    note(end, event->data);
    note("", event->error_text);
    /* The connection has ended, so these calls have no effect. */
    sockets()->receive(host->ctx, connection, 1);
    if (sockets()->send_text(host->ctx, connection, text("late")) == BELFRY_OK) note("sent", nothing);
    sockets()->close(host->ctx, connection, 1000, text(""));
    complete(delivery, BELFRY_DELIVERED, "ok", seen);
  } else {
    message(event);
  }
}

static void customize(void) {
  declare(BELFRY_HOST_WEBSOCKET_1);
  api.configure = keep_configuration;
  api.deliver = deliver;
  api.event = event;
}
