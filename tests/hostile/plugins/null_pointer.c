/* The table of the sink lacks a required function. */
#include "plain.h"

static void customize(void) { api.abandon = NULL; }
