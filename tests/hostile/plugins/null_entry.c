#include <belfry/plugin.h>

BELFRY_EXPORT const belfry_plugin_entry* belfry_plugin_entry_v1(void) { return NULL; }
