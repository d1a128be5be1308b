#include "plain.h"

static int32_t configure(void* self, belfry_str config, const belfry_writer* problems) {
  (void)self, (void)config;
  say(problems, "/do\tcannot do ");
  say(problems, "that\n");
  return 1;
}

static void customize(void) { instance.configure = configure; }
