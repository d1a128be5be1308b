/* The instance table lacks a required function. */
#include "plain.h"

static void customize(void) { instance.abandon = NULL; }
