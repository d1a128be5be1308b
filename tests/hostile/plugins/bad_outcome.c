/* Reports an outcome that breaks the contract in every field: an unknown code and scope, a reason that is not a slug, 2 MiB of bytes that
 * are not UTF-8, and a receipt that is a list. */
#include <stdlib.h>

#include "plain.h"

static void deliver(void* self, const belfry_message* message) {
  (void)self;
  const size_t size = 2 * 1024 * 1024;
  char* bytes = malloc(size);
  memset(bytes, 0xFF, size);
  belfry_outcome outcome;
  memset(&outcome, 0, sizeof outcome);
  outcome.size = sizeof outcome;
  outcome.code = 4711;
  outcome.http_status = 70000;
  outcome.retry_after_ms = UINT64_MAX;
  outcome.limit_scope = 99;
  outcome.reason = text("Not A Slug!");
  outcome.detail.ptr = bytes;
  outcome.detail.len = size;
  outcome.receipt_json = text("[1, 2]");
  host->complete(host->ctx, message->ticket, &outcome);
  free(bytes);
}

static void customize(void) { api.deliver = deliver; }
