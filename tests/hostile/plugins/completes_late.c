/* Completes a delivery only once it has been abandoned. */
#include "plain.h"

static void deliver(void* self, const belfry_message* message) { (void)self, (void)message; }
static void abandon(void* self, belfry_ticket ticket) {
  (void)self;
  complete(ticket, BELFRY_DELIVERED, "ok", "after all");
}

static void customize(void) {
  api.deliver = deliver;
  api.abandon = abandon;
}
