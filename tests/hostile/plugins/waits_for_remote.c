/* Completes stop once its delivery has ended, which waits for a remote that answers too late. Not at fault. */
#include "plain.h"

static belfry_ticket open_delivery, done_when_idle;

static void deliver(void* self, const belfry_message* message) {
  (void)self;
  open_delivery = message->ticket;
}
static void abandon(void* self, belfry_ticket ticket) {
  (void)self;
  if (ticket != open_delivery) return;
  open_delivery = 0;
  complete(ticket, BELFRY_DELIVERED, "ok", "after all");
  if (done_when_idle != 0) complete(done_when_idle, BELFRY_DELIVERED, "ok", "");
}
static void stop(void* self, belfry_ticket done) {
  (void)self;
  done_when_idle = done;
  if (open_delivery == 0) complete(done, BELFRY_DELIVERED, "ok", "");
}

static void customize(void) {
  instance.deliver = deliver;
  instance.abandon = abandon;
  instance.stop = stop;
}
