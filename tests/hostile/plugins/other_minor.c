/* Built with the header of a later minor version, as far as a reader can see. Nothing here is an obstacle. */
#include "plain.h"

static void customize(void) {
  entry.abi_minor = BELFRY_ABI_MINOR + 1;
  entry.reserved = 7;
  descriptor.reserved = 7;
  descriptor.access = UINT64_MAX;
}
