#define _GNU_SOURCE
#include <unistd.h>

#include "plain.h"

static void customize(void) {
  for (;;) pause();
}
