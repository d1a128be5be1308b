#include <signal.h>

#include "plain.h"

static int32_t configure(void* self, belfry_str config, const belfry_writer* problems) {
  (void)self, (void)config, (void)problems;
  signal(SIGSEGV, SIG_DFL);
  raise(SIGSEGV);
  return 0;
}

static void customize(void) { instance.configure = configure; }
