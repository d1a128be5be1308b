#include <stdlib.h>

#include "plain.h"

static void customize(void) { abort(); }
