/* Offers two types, in one order to the probe process and in the other to the gateway, like a file that was replaced by another build in
 * between. Delivers as the type that it was created with. */
#include "plain.h"

static belfry_descriptor other;
static int created_as_hostile;

static uint32_t index_of_hostile(void) { return in_probe() ? 0 : 1; }

static uint32_t two(void) { return 2; }
static const belfry_descriptor* both(uint32_t index) { return index == index_of_hostile() ? &descriptor : &other; }

static belfry_status create(belfry_str type, const belfry_host* gateway, void** self, const belfry_sink_api** table) {
  created_as_hostile = is(type, "hostile");
  return plain_create(type, gateway, self, table);
}

static void deliver(void* self, const belfry_message* message) {
  (void)self;
  complete(message->ticket, BELFRY_DELIVERED, "ok", created_as_hostile ? "the right type" : "another type");
}

static void customize(void) {
  other = descriptor;
  other.type = text("another");
  entry.count = two;
  entry.descriptor = both;
  entry.create = create;
  api.deliver = deliver;
}
