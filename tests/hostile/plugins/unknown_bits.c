/* Sets a bit that every host must understand, and none does. */
#include "plain.h"

static void customize(void) { descriptor.must_understand = UINT64_C(1) << 40; }
