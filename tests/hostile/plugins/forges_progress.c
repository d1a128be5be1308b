/* Writes forged progress to every descriptor that it finds, forever. */
#define _GNU_SOURCE
#include <unistd.h>

#include "plain.h"

static belfry_status forge(void* self, belfry_str config, const belfry_findings* findings) {
  (void)self, (void)config, (void)findings;
  static const char line[] = "{\"at\":\"configure\"}\n";
  for (;;) {
    for (int file = 3; file < 300; ++file) {
      if (write(file, line, sizeof line - 1) < 0) continue;
    }
    usleep(100000);
  }
  return BELFRY_OK;
}

static void customize(void) { api.configure = forge; }
