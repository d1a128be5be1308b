#include "plain.h"

static void customize(void) { entry.needs_host_minor = 999; }
