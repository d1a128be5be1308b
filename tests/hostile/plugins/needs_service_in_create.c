/* Looks up a service that no gateway offers, without having declared it, and as early as in create(). */
#include "plain.h"

static belfry_status create(belfry_str type, const belfry_host* gateway, void** self, const belfry_sink_api** table) {
  if (gateway->service(gateway->ctx, text("belfry.host.telepathy/1")) == NULL) return BELFRY_FAILED;
  return plain_create(type, gateway, self, table);
}

static void customize(void) { entry.create = create; }
