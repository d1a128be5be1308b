/* Writes forged progress to every descriptor that it finds, forever. */
#define _GNU_SOURCE
#include <unistd.h>

#include "plain.h"

static int32_t forge(void* self, belfry_str config, const belfry_writer* problems) {
  (void)self, (void)config, (void)problems;
  static const char line[] = "{\"at\":\"configure\"}\n";
  for (;;) {
    for (int file = 3; file < 300; ++file) {
      if (write(file, line, sizeof line - 1) < 0) continue;
    }
    usleep(100000);
  }
  return 0;
}

static void customize(void) { instance.configure = forge; }
