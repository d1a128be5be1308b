#include "plain.h"

static belfry_status configure(void* self, belfry_str config, const belfry_findings* findings) {
  (void)self, (void)config;
  report(findings, BELFRY_FINDING_ERROR, "/do", "cannot do that");
  return BELFRY_FAILED;
}

static void customize(void) { api.configure = configure; }
