/* A library that was built for version 0 of the ABI. The gateway does not call its entry. */
#include <stddef.h>

const void* belfry_plugin_entry_v0(void);
__attribute__((visibility("default"))) const void* belfry_plugin_entry_v0(void) { return NULL; }
