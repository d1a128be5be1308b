#include <fcntl.h>
#include <unistd.h>

#include "app/cli.hpp"

// How jemalloc keeps the process small (jemalloc.net, "TUNING"): four heaps, since few threads work at a time, and what is not used for
// half a second goes back to the system. MALLOC_CONF in the environment has the last word. Nothing reads this where another allocator is
// linked.
extern "C" {
__attribute__((visibility("default"))) extern const char* malloc_conf;
const char* malloc_conf = "narenas:4,dirty_decay_ms:500,muzzy_decay_ms:0";
}

namespace {

// A file opened later must not become standard output or error: what is printed would be written into it.
void open_standard_streams() {
  for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; ++stream) {
    if (::fcntl(stream, F_GETFD) < 0 && ::open("/dev/null", stream == STDIN_FILENO ? O_RDONLY : O_WRONLY) < 0) ::_exit(1);
  }
}

}  // namespace

int main(int argc, char** argv) {
  open_standard_streams();
  return belfry::app::run(argc, argv);
}
