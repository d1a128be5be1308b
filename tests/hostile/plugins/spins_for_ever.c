/* Never returns from deliver, and uses a whole CPU. */
#include "plain.h"

static volatile uint64_t turns;

static void deliver(void* self, const belfry_message* message) {
  (void)self, (void)message;
  for (;;) ++turns;
}

static void customize(void) { api.deliver = deliver; }
