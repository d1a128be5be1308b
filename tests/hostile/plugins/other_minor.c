#include "plain.h"

static void customize(void) { entry.abi_minor = BELFRY_ABI_MINOR - 1; }
