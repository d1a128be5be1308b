/* Does not return from deliver for 400 ms. */
#define _GNU_SOURCE
#include <time.h>

#include "plain.h"

static long long now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void deliver(void* self, const belfry_message* message) {
  (void)self;
  const long long end = now_ms() + 400;
  while (now_ms() < end) {
  }
  complete(message->ticket, BELFRY_DELIVERED, "ok", "at last");
}

static void customize(void) { api.deliver = deliver; }
