/* Takes three seconds for each step of a probe: within the limit of a step, but not within that of them all together. */
#define _GNU_SOURCE
#include <unistd.h>

#include "plain.h"

static void dawdle(void) {
  if (in_probe()) sleep(3);
}

static belfry_status configure(void* self, belfry_str config, const belfry_findings* findings) {
  dawdle();
  return plain_configure(self, config, findings);
}

static belfry_status start(void* self, const belfry_writer* problem) {
  dawdle();
  return plain_start(self, problem);
}

static void stop(void* self, belfry_ticket done, int64_t deadline_ms) {
  dawdle();
  plain_stop(self, done, deadline_ms);
}

static void destroy(void* self) {
  dawdle();
  plain_destroy(self);
}

static void customize(void) {
  api.configure = configure;
  api.start = start;
  api.stop = stop;
  api.destroy = destroy;
}
