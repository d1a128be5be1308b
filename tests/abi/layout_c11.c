/* Checks that the header is valid C11 and has the pinned layout. */
#include <belfry/plugin.h>

#define SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), "size of " #type);
#define OFFSET(type, field, at) _Static_assert(offsetof(type, field) == (at), "offset of " #field " in " #type);
#include "layout.inc"

_Static_assert(BELFRY_PLUGIN_MAGIC == 0x59464C42u, "the magic never changes");
