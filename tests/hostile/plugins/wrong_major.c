#include "plain.h"

static void customize(void) { entry.abi_major = 77; }
