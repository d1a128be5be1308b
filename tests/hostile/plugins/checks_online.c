/* Implements check-online/1. Each check behaves differently, and the third never completes. Hostile only in its findings. */
#include "plain.h"

static int checks;

static void find(belfry_ticket ticket, uint32_t severity, const char* pointer, const char* words, const char* remedy) {
  const belfry_findings* findings = host->service(host->ctx, text(BELFRY_CHECK_ONLINE_1));
  const belfry_finding finding = {sizeof finding, severity, text(pointer), text(words), text(remedy)};
  findings->add(host->ctx, ticket, &finding);
}

static void check(void* self, belfry_ticket ticket) {
  (void)self;
  const belfry_findings* findings = host->service(host->ctx, text(BELFRY_CHECK_ONLINE_1));
  ++checks;
  const belfry_secrets* secrets = host->service(host->ctx, text(BELFRY_SECRETS_1));
  secrets->learn(host->ctx, text("learned-secret"));
  if (checks == 1) {
    find(ticket, BELFRY_FINDING_ERROR, "/token", "the token is learned-secret", "take\nanother");
    find(ticket, BELFRY_FINDING_NOTE, "", "it answers", "");
    find(ticket, 77, "", "from the future", "wait");
    complete(ticket, BELFRY_DELIVERED, "ok", "");
    find(ticket, BELFRY_FINDING_ERROR, "", "too late", "");
  } else if (checks == 2) {
    findings->add(host->ctx, ticket, NULL);
    find(ticket + 12345, BELFRY_FINDING_ERROR, "", "of nothing", "");
    for (int i = 0; i < 1000; ++i) find(ticket, BELFRY_FINDING_WARNING, "", "many", "");
    complete(ticket, BELFRY_RETRY, "timeout", "cannot connect");
  }
}

static const belfry_check_online table = {sizeof table, 0, check};

static const void* extension(void* self, belfry_str id) {
  (void)self;
  const char* const known = BELFRY_CHECK_ONLINE_1;
  return id.len == strlen(known) && memcmp(id.ptr, known, id.len) == 0 ? &table : NULL;
}

static int32_t start(void* self, const belfry_writer* problem) {
  (void)self;
  say(problem, "must not be started");
  return 1;
}

static void customize(void) {
  instance.extension = extension;
  instance.start = start;
}
