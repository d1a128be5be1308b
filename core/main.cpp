#include "app/cli.hpp"

// How jemalloc keeps the process small (jemalloc.net, "TUNING"): four heaps, since few threads work at a time, and what is not used for
// half a second goes back to the system. MALLOC_CONF in the environment has the last word. Nothing reads this where another allocator is
// linked.
extern "C" {
__attribute__((visibility("default"))) extern const char* malloc_conf;
const char* malloc_conf = "narenas:4,dirty_decay_ms:500,muzzy_decay_ms:0";
}

int main(int argc, char** argv) { return belfry::app::run(argc, argv); }
