#include "plain.h"

__attribute__((constructor)) static void spin(void) {
  for (volatile int i = 1; i;) {
  }
}

static void customize(void) {}
