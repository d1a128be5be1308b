#include <fcntl.h>
#include <unistd.h>

#include "cli/commands/command_line.hpp"

// Keeps the process small under jemalloc (jemalloc.net, "TUNING"): four arenas, since few threads are busy at a time, and unused pages
// return to the system after half a second. MALLOC_CONF in the environment takes precedence. Other allocators ignore this.
extern "C" {
__attribute__((visibility("default"))) extern const char* malloc_conf;
const char* malloc_conf = "narenas:4,dirty_decay_ms:500,muzzy_decay_ms:0";
}

namespace {

// A file opened later must not become standard output or standard error, or output would be written into it.
void open_standard_streams() {
  for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; ++stream) {
    if (::fcntl(stream, F_GETFD) < 0 && ::open("/dev/null", stream == STDIN_FILENO ? O_RDONLY : O_WRONLY) < 0) ::_exit(1);
  }
}

}  // namespace

int main(int argc, char** argv) {
  open_standard_streams();
  return belfry::cli::run(argc, argv);
}
