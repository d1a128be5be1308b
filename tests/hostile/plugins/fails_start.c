#include "plain.h"

static belfry_status start(void* self, const belfry_writer* problem) {
  (void)self;
  say(problem, "the moon is in the wrong house");
  return 3;
}

static void customize(void) { api.start = start; }
