/* Looks up a service that no gateway offers, without having declared it. */
#include "plain.h"

static belfry_status start(void* self, const belfry_writer* problem) {
  (void)self;
  if (service("belfry.host.telepathy/1") != NULL) return BELFRY_OK;
  say(problem, "this gateway does not offer belfry.host.telepathy/1");
  return BELFRY_FAILED;
}

static void customize(void) { api.start = start; }
