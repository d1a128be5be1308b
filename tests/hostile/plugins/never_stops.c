#include "plain.h"

static void stop(void* self, belfry_ticket done, int64_t deadline_ms) { (void)self, (void)done, (void)deadline_ms; }

static void customize(void) { api.stop = stop; }
