#include <signal.h>

#include "plain.h"

static belfry_status configure(void* self, belfry_str config, const belfry_findings* findings) {
  (void)self, (void)config, (void)findings;
  signal(SIGSEGV, SIG_DFL);
  raise(SIGSEGV);
  return BELFRY_OK;
}

static void customize(void) { api.configure = configure; }
