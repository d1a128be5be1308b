/* Does nothing wrong. */
#include "plain.h"

static void customize(void) {}
