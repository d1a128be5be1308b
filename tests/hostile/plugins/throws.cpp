// Throws an exception out of deliver.
#include "plain.h"

#include <stdexcept>

static void deliver(void*, const belfry_message*) { throw std::runtime_error("thrown by deliver"); }

static void customize() { api.deliver = deliver; }
