#include <belfry/plugin.h>

BELFRY_EXPORT const belfry_plugin_entry* belfry_plugin_entry_v0(void) { return NULL; }
