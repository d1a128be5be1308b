/* Closes every descriptor that it can, then does not return. */
#define _GNU_SOURCE
#include <unistd.h>

#include "plain.h"

static int32_t close_all(void* self, belfry_str config, const belfry_writer* problems) {
  (void)self, (void)config, (void)problems;
  for (int file = 0; file < 1024; ++file) close(file);
  for (;;) pause();
  return 0;
}

static void customize(void) { instance.configure = close_all; }
