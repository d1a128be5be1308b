#include "plain.h"

static void deliver(void* self, const belfry_message* message) { (void)self, (void)message; }

static void customize(void) { api.deliver = deliver; }
