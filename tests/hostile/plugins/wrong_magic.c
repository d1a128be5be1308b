#include "plain.h"

static void customize(void) { entry.magic = 0xDEADBEEF; }
