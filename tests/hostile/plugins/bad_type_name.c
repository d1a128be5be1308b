#include "plain.h"

static void customize(void) { descriptor.type = text("Not A Slug"); }
