/* Reports that it has stopped once its delivery has ended, which waits for a remote that answers too late. Not at fault. */
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
  if (done_when_idle != 0) host->stopped(host->ctx, done_when_idle);
}
static void stop(void* self, belfry_ticket done, int64_t deadline_ms) {
  (void)self, (void)deadline_ms;
  done_when_idle = done;
  if (open_delivery == 0) host->stopped(host->ctx, done);
}

static void customize(void) {
  api.deliver = deliver;
  api.abandon = abandon;
  api.stop = stop;
}
