/* Closes every descriptor that it can, then does not return. */
#define _GNU_SOURCE
#include <unistd.h>

#include "plain.h"

static belfry_status close_all(void* self, belfry_str config, const belfry_findings* findings) {
  (void)self, (void)config, (void)findings;
  for (int file = 0; file < 1024; ++file) close(file);
  for (;;) pause();
  return BELFRY_OK;
}

static void customize(void) { api.configure = close_all; }
