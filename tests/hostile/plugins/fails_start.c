#include "plain.h"

static int32_t start(void* self, const belfry_writer* problem) {
  (void)self;
  say(problem, "the moon is in the wrong house");
  return 3;
}

static void customize(void) { instance.start = start; }
