#define _GNU_SOURCE
/* A sink that breaks one rule of plugin.h, which `break` names, and keeps all others. With "nothing" it keeps every rule. */
#include <pthread.h>
#include <stdio.h>
#include <time.h>

#include "plain.h"

#define CHECK_ONLINE SERVICE(belfry_host_check_online, BELFRY_HOST_CHECK_ONLINE_1)
#define CLOCK SERVICE(belfry_host_clock, BELFRY_HOST_CLOCK_1)
#define KV SERVICE(belfry_host_kv, BELFRY_HOST_KV_1)
#define OFFLOAD SERVICE(belfry_host_offload, BELFRY_HOST_OFFLOAD_1)

/* A ticket that no host issues. */
#define NO_TICKET (UINT64_MAX - 1)

static belfry_ticket open_delivery; /* to be completed by stop() */
static const belfry_findings* kept_findings;

static int breaks(const char* rule) {
  char value[64];
  snprintf(value, sizeof value, "\"%s\"", rule);
  return configured_to(value);
}

static void nothing(void* unused) { (void)unused; }
static void nothing_for(void* unused, int64_t deadline_ms) { (void)unused, (void)deadline_ms; }

/* ---- Before start() -------------------------------------------------------------------------------------------------- */

static belfry_status configure(void* self, belfry_str config, const belfry_findings* findings) {
  keep_configuration(self, config, findings);
  open_delivery = 0;
  kept_findings = findings;
  if (breaks("too_early")) KV->get(host->ctx, BELFRY_SCOPE_SINK, text("key"), 0);
  if (breaks("wake_too_early")) host->wake(host->ctx, 0);
  return BELFRY_OK;
}

static belfry_status start(void* self, const belfry_writer* problem) {
  (void)self, (void)problem;
  if (breaks("stopped_early")) host->stopped(host->ctx, NO_TICKET);
  if (breaks("findings_after_call")) report(kept_findings, BELFRY_FINDING_NOTE, "", "too late");
  return BELFRY_OK;
}

/* ---- Deliveries ------------------------------------------------------------------------------------------------------ */

static void* cancel_on_a_thread(void* timer) {
  host->cancel(host->ctx, *(const belfry_ticket*)timer);
  return NULL;
}

static void cancel_from_another_thread(belfry_ticket delivery) {
  belfry_ticket timer = CLOCK->start_timer(host->ctx, 1000, delivery, 0);
  pthread_t thread;
  if (pthread_create(&thread, NULL, cancel_on_a_thread, &timer) == 0) pthread_join(thread, NULL);
}

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void take_30_ms(void) {
  const int64_t end = now_ms() + 30;
  while (now_ms() < end) {
  }
}

static void complete_with_large_receipt(belfry_ticket delivery) {
  static char receipt[BELFRY_MAX_RECEIPT_BYTES + 1];
  static const char begin[] = "{\"id\":\"", end[] = "\"}";
  memset(receipt, 'x', sizeof receipt);
  memcpy(receipt, begin, sizeof begin - 1);
  memcpy(receipt + sizeof receipt - (sizeof end - 1), end, sizeof end - 1);
  belfry_outcome outcome;
  memset(&outcome, 0, sizeof outcome);
  outcome.size = sizeof outcome;
  outcome.code = BELFRY_DELIVERED;
  outcome.reason = text("ok");
  outcome.receipt_json.ptr = receipt;
  outcome.receipt_json.len = sizeof receipt;
  host->complete(host->ctx, delivery, &outcome);
}

/* Ends the delivery with the function for another kind of ticket. */
static void reply_to(belfry_ticket delivery) {
  const belfry_inbound_reply reply = {sizeof reply, 200, {NULL, 0}, {NULL, 0}};
  SERVICE(belfry_host_inbound_http, BELFRY_HOST_INBOUND_HTTP_1)->reply(host->ctx, delivery, &reply);
}
static void settle(belfry_ticket delivery) {
  const belfry_reconcile_result result = {sizeof result, BELFRY_RECONCILE_ABSENT, 0, {NULL, 0}, {NULL, 0}};
  SERVICE(belfry_host_reconcile, BELFRY_HOST_RECONCILE_1)->settle(host->ctx, delivery, &result);
}

static void deliver(void* self, const belfry_message* message) {
  (void)self;
  const belfry_ticket delivery = message->ticket;
  if (breaks("completed_late")) return;
  if (breaks("stopped_a_delivery") || breaks("open_deliveries")) {
    open_delivery = delivery;
    return;
  }
  if (breaks("completed_twice")) complete(delivery, BELFRY_DELIVERED, "ok", "");
  if (breaks("completed_unknown")) complete(NO_TICKET, BELFRY_DELIVERED, "ok", "");
  if (breaks("replied_to_a_delivery")) reply_to(delivery);
  if (breaks("settled_a_delivery")) settle(delivery);
  if (breaks("ended_outside_check")) CHECK_ONLINE->end(host->ctx, delivery, text(""));
  if (breaks("unknown_owner")) CLOCK->start_timer(host->ctx, 1, NO_TICKET, 0);
  if (breaks("cancel_unknown")) host->cancel(host->ctx, NO_TICKET);
  if (breaks("cancel_of_a_delivery")) host->cancel(host->ctx, delivery);
  if (breaks("cancel_other_thread")) cancel_from_another_thread(delivery);
  if (breaks("undeclared_service"))
    SERVICE(belfry_host_recipients, BELFRY_HOST_RECIPIENTS_1)->set_time_zone(host->ctx, text("ada@example.com"), text("Europe/Berlin"));
  if (breaks("run_for_second")) {
    CLOCK->start_timer(host->ctx, 1, delivery, 0);
    OFFLOAD->run_for(host->ctx, delivery, nothing_for, NULL, 0);
  }
  if (breaks("run_without_function")) OFFLOAD->run(host->ctx, NULL, NULL, 0);
  if (breaks("slow_call")) take_30_ms();
  if (breaks("receipt_too_large")) complete_with_large_receipt(delivery);
  if (breaks("bad_reason")) complete(delivery, BELFRY_DELIVERED, "Not A Slug", "");
  if (breaks("receipt_too_large") || breaks("bad_reason")) return;
  if (breaks("nothing")) OFFLOAD->run(host->ctx, nothing, NULL, 0);
  complete(delivery, BELFRY_DELIVERED, "ok", "");
}

static void abandon(void* self, belfry_ticket ticket) {
  (void)self;
  if (breaks("completed_late")) complete(ticket, BELFRY_RETRY, "timeout", "");
}

/* ---- Stopping -------------------------------------------------------------------------------------------------------- */

static void stop(void* self, belfry_ticket done, int64_t deadline_ms) {
  (void)self, (void)deadline_ms;
  if (breaks("never_stopped")) return;
  if (breaks("stopped_a_delivery")) {
    host->stopped(host->ctx, open_delivery);
    complete(open_delivery, BELFRY_DELIVERED, "ok", "");
  }
  const belfry_host_clock* clock = CLOCK; /* looked up in time: afterwards, service() returns null */
  host->stopped(host->ctx, done);
  if (breaks("too_late")) clock->start_timer(host->ctx, 1, 0, 0);
}

/* For the test: a thread of the plugin that has not noticed the end of its sink makes such a call. */
BELFRY_EXPORT void breaks_rules_wake(void);
BELFRY_EXPORT void breaks_rules_wake(void) { host->wake(host->ctx, 0); }

/* ---- check-online/1 -------------------------------------------------------------------------------------------------- */

static void add_note(belfry_ticket ticket) {
  const belfry_finding note = {sizeof note, BELFRY_FINDING_NOTE, {NULL, 0}, text("all is well"), {NULL, 0}};
  CHECK_ONLINE->add(host->ctx, ticket, &note);
}

static void check(void* self, belfry_ticket ticket, int64_t deadline_ms) {
  (void)self, (void)deadline_ms;
  add_note(ticket);
  if (breaks("completed_a_check")) complete(ticket, BELFRY_DELIVERED, "ok", "");
  CHECK_ONLINE->end(host->ctx, ticket, text(""));
  if (breaks("finding_outside")) add_note(ticket);
  if (breaks("ended_twice")) CHECK_ONLINE->end(host->ctx, ticket, text(""));
}
static const belfry_sink_check_online checks_online = {sizeof checks_online, 0, check};

static const void* extension(void* self, belfry_str id) {
  (void)self;
  return is(id, BELFRY_SINK_CHECK_ONLINE_1) ? &checks_online : NULL;
}

static void customize(void) {
  descriptor.config_schema_json = text("{\"type\":\"object\",\"required\":[\"break\"],\"properties\":{\"break\":{\"type\":\"string\"}}}");
  declare(BELFRY_HOST_CHECK_ONLINE_1);
  declare(BELFRY_HOST_INBOUND_HTTP_1);
  declare(BELFRY_HOST_KV_1);
  declare(BELFRY_HOST_OFFLOAD_1);
  declare(BELFRY_HOST_RECONCILE_1);
  api.configure = configure;
  api.start = start;
  api.deliver = deliver;
  api.abandon = abandon;
  api.stop = stop;
  api.extension = extension;
}
