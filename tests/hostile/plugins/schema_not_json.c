#include "plain.h"

static void customize(void) { descriptor.config_schema_json = text("type: object"); }
