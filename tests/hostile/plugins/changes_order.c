/* Offers two types, in one order to the probe process and in the other to the gateway, like a file that was replaced by another build in
 * between. Delivers as the type whose index it was created with. */
#include "plain.h"

#include <sys/resource.h>

static belfry_descriptor other;
static uint32_t created;

/* Only the probe process has a limit on CPU time. */
static uint32_t index_of_hostile(void) {
  struct rlimit limit;
  return getrlimit(RLIMIT_CPU, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY ? 0 : 1;
}

static uint32_t two(void) { return 2; }
static const belfry_descriptor* both(uint32_t index) { return index == index_of_hostile() ? &descriptor : &other; }

static int32_t create(uint32_t index, const belfry_host* gateway, void** self, const belfry_instance** table) {
  created = index;
  return plain_create(index, gateway, self, table);
}

static void deliver(void* self, const belfry_message* message) {
  (void)self;
  complete(message->ticket, BELFRY_DELIVERED, "ok", created == index_of_hostile() ? "the right type" : "another type");
}

static void customize(void) {
  other = descriptor;
  other.type = text("another");
  entry.count = two;
  entry.descriptor = both;
  entry.create = create;
  instance.deliver = deliver;
}
