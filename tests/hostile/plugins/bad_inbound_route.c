#include "plain.h"

static void routes(void* self, const belfry_writer* out) {
  (void)self;
  say(out, "POST in\n");
}
static uint32_t verify(void* self, const belfry_inbound_request* request) {
  (void)self, (void)request;
  return 401;
}
static void handle(void* self, belfry_ticket ticket, const belfry_inbound_request* request) { (void)self, (void)ticket, (void)request; }
static const belfry_inbound_http inbound = {sizeof inbound, 0, routes, verify, handle};

static const void* extension(void* self, belfry_str id) {
  (void)self;
  return id.len == strlen(BELFRY_INBOUND_HTTP_1) && memcmp(id.ptr, BELFRY_INBOUND_HTTP_1, id.len) == 0 ? &inbound : NULL;
}

static void customize(void) { instance.extension = extension; }
