/* Implements check-online/1. Each check behaves differently, and the third never ends. Hostile only in its findings. */
#include "plain.h"

static int checks;

static const belfry_host_check_online* online(void) { return service(BELFRY_HOST_CHECK_ONLINE_1); }

static void add(belfry_ticket ticket, uint32_t severity, const char* pointer, const char* words, const char* remedy) {
  const belfry_finding finding = {sizeof finding, severity, text(pointer), text(words), text(remedy)};
  online()->add(host->ctx, ticket, &finding);
}

static void check(void* self, belfry_ticket ticket, int64_t deadline_ms) {
  (void)self, (void)deadline_ms;
  ++checks;
  SERVICE(belfry_host_secrets, BELFRY_HOST_SECRETS_1)->add_secret(host->ctx, text("learned-secret"));
  if (checks == 1) {
    add(ticket, BELFRY_FINDING_ERROR, "/token", "the token is learned-secret", "take\nanother");
    add(ticket, BELFRY_FINDING_NOTE, "", "it answers", "");
    add(ticket, 77, "", "from the future", "wait");
    online()->end(host->ctx, ticket, text(""));
    add(ticket, BELFRY_FINDING_ERROR, "", "too late", "");
  } else if (checks == 2) {
    online()->add(host->ctx, ticket, NULL);
    add(ticket + 12345, BELFRY_FINDING_ERROR, "", "of nothing", "");
    for (int i = 0; i < 1000; ++i) add(ticket, BELFRY_FINDING_WARNING, "", "many", "");
    online()->end(host->ctx, ticket, text("cannot connect"));
  }
}

static const belfry_sink_check_online table = {sizeof table, 0, check};

static const void* extension(void* self, belfry_str id) {
  (void)self;
  return is(id, BELFRY_SINK_CHECK_ONLINE_1) ? &table : NULL;
}

static belfry_status start(void* self, const belfry_writer* problem) {
  (void)self;
  say(problem, "must not be started");
  return BELFRY_FAILED;
}

static void customize(void) {
  declare(BELFRY_HOST_CHECK_ONLINE_1);
  api.extension = extension;
  api.start = start;
}
