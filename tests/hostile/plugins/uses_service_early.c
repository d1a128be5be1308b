/* Uses kv/1 in configure(), where a sink may only look it up, and records the result. With "do": "unprobed", it does so in the gateway
 * only. */
#include "plain.h"

static const char* result;

static belfry_status configure(void* self, belfry_str config, const belfry_findings* findings) {
  keep_configuration(self, config, findings);
  const belfry_host_kv* kv = service(BELFRY_HOST_KV_1);
  if (configured_to("unprobed") && in_probe()) return BELFRY_OK;
  result = kv->get(host->ctx, BELFRY_SCOPE_SINK, text("key"), 0) == 0 ? "no ticket" : "a ticket";
  return BELFRY_OK;
}

static void deliver(void* self, const belfry_message* message) {
  (void)self;
  complete(message->ticket, BELFRY_DELIVERED, "ok", result);
}

static void event(void* self, const belfry_event* event) {
  (void)self, (void)event;
  result = "an event";
}

static void customize(void) {
  declare(BELFRY_HOST_KV_1);
  api.configure = configure;
  api.deliver = deliver;
  api.event = event;
}
