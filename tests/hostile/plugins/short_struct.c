#include "plain.h"

static void customize(void) { entry.size = 24; }
