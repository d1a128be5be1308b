#include "plain.h"

static void stop(void* self, belfry_ticket done) { (void)self, (void)done; }

static void customize(void) { instance.stop = stop; }
