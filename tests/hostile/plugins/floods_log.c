#include "plain.h"

static void deliver(void* self, const belfry_message* message) {
  (void)self;
  const belfry_host_log* log = service(BELFRY_HOST_LOG_1);
  for (int i = 0; i < 5000; ++i) log->write(host->ctx, BELFRY_LOG_INFO, text("the same line\nagain and again"));
  complete(message->ticket, BELFRY_DELIVERED, "ok", "");
}

static void customize(void) { api.deliver = deliver; }
