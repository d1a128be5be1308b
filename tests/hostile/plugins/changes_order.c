/* Offers two types, in one order to the process that tries it and in the other one to the gateway: as a file that was replaced between the
 * two by another build. Delivers with the index that it was created with. */
#include "plain.h"

#include <sys/resource.h>

static belfry_descriptor other;
static uint32_t created;

/* Only the process that tries plugins has a limit of processor time. */
static uint32_t index_of_hostile(void) {
  struct rlimit limit;
  return getrlimit(RLIMIT_CPU, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY ? 0 : 1;
}

static uint32_t two(void) { return 2; }
static const belfry_descriptor* both(uint32_t index) { return index == index_of_hostile() ? &descriptor : &other; }

static int32_t create(uint32_t index, const belfry_host* given, void** self, const belfry_instance** table) {
  created = index;
  return plain_create(index, given, self, table);
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
