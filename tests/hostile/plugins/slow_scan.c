/* Takes longer than the 50 ms of [scan], but ends. */
#define _GNU_SOURCE
#include <unistd.h>

#include "plain.h"

static void customize(void) { usleep(120000); }
