/* Declares that it needs a service that no gateway offers. */
#include "plain.h"

static void customize(void) { declare("belfry.host.telepathy/1"); }
