/* Ends a delivery with a function for another kind of ticket, as configured, then completes it properly. */
#include "plain.h"

static void deliver(void* self, const belfry_message* message) {
  (void)self;
  if (configured_to("reply")) {
    const belfry_inbound_reply reply = {sizeof reply, 200, {NULL, 0}, {NULL, 0}};
    SERVICE(belfry_host_inbound_http, BELFRY_HOST_INBOUND_HTTP_1)->reply(host->ctx, message->ticket, &reply);
  } else if (configured_to("settle")) {
    const belfry_reconcile_result result = {sizeof result, BELFRY_RECONCILE_ABSENT, 0, {NULL, 0}, {NULL, 0}};
    SERVICE(belfry_host_reconcile, BELFRY_HOST_RECONCILE_1)->settle(host->ctx, message->ticket, &result);
  } else if (configured_to("stopped")) {
    host->stopped(host->ctx, message->ticket);
  } else if (configured_to("end")) {
    SERVICE(belfry_host_check_online, BELFRY_HOST_CHECK_ONLINE_1)->end(host->ctx, message->ticket, text(""));
  }
  complete(message->ticket, BELFRY_DELIVERED, "ok", "completed properly");
}

static void customize(void) {
  declare(BELFRY_HOST_CHECK_ONLINE_1);
  declare(BELFRY_HOST_INBOUND_HTTP_1);
  declare(BELFRY_HOST_RECONCILE_1);
  api.configure = keep_configuration;
  api.deliver = deliver;
}
