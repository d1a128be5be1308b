#include "plain.h"

static uint32_t routes(void* self, const belfry_inbound_route** out) {
  (void)self;
  static belfry_inbound_route route;
  route.method = text("POST");
  route.path = text("in");
  *out = &route;
  return 1;
}
static uint32_t verify(void* self, const belfry_inbound_request* request) {
  (void)self, (void)request;
  return 401;
}
static void handle(void* self, belfry_ticket ticket, const belfry_inbound_request* request) { (void)self, (void)ticket, (void)request; }
static const belfry_sink_inbound_http inbound = {sizeof inbound, 0, routes, verify, handle};

static const void* extension(void* self, belfry_str id) {
  (void)self;
  return is(id, BELFRY_SINK_INBOUND_HTTP_1) ? &inbound : NULL;
}

static void customize(void) {
  declare(BELFRY_HOST_INBOUND_HTTP_1);
  api.extension = extension;
}
