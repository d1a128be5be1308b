/* Checks that the header is valid C on its own, in each version from C11 on, and has the pinned layout. */
#include <belfry/plugin.h>

#define VALUE(name, value) _Static_assert((name) == (value), "value of " #name);
#define SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), "size of " #type);
#define OFFSET(type, field, at) _Static_assert(offsetof(type, field) == (at), "offset of " #field " in " #type);
#include "layout.inc"

/* The macro is part of the header, so it has to compile as well. */
int reaches_wait_time(const belfry_host_rate_limit* table);
int reaches_wait_time(const belfry_host_rate_limit* table) { return BELFRY_HAS(table, wait_time_ms); }
