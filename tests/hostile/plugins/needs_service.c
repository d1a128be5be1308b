/* Requires a service that no gateway offers. */
#include "plain.h"

static int32_t start(void* self, const belfry_writer* problem) {
  (void)self;
  if (host->service(host->ctx, text("belfry.telepathy/1"))) return 0;
  say(problem, "this gateway does not offer belfry.telepathy/1");
  return 1;
}

static void customize(void) { instance.start = start; }
