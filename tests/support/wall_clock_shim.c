/* LD_PRELOAD library that shifts the wall clock of one process. BELFRY_TEST_WALL_CLOCK names a file of eight bytes: a little-endian number
 * of milliseconds that is added to the wall clock. A test sets the clock by writing to the file. Monotonic clocks are not affected. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t none = 0;
static const volatile int64_t* offset_ms = &none;

__attribute__((constructor)) static void open_file(void) {
  const char* path = getenv("BELFRY_TEST_WALL_CLOCK");
  if (path == NULL) return;
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  void* mapped = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
  close(file);
  if (mapped != MAP_FAILED) offset_ms = mapped;
}

int clock_gettime(clockid_t clock, struct timespec* now) {
  const long result = syscall(SYS_clock_gettime, clock, now);
  if (result != 0 || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)) return (int)result;
  const int64_t ns = (int64_t)now->tv_nsec + *offset_ms % 1000 * 1000000;
  now->tv_sec += *offset_ms / 1000 + (ns >= 1000000000 ? 1 : 0) - (ns < 0 ? 1 : 0);
  now->tv_nsec = (long)((ns + 1000000000) % 1000000000);
  return 0;
}

int gettimeofday(struct timeval* now, void* zone) {
  struct timespec time;
  (void)zone;
  clock_gettime(CLOCK_REALTIME, &time);
  now->tv_sec = time.tv_sec;
  now->tv_usec = time.tv_nsec / 1000;
  return 0;
}

time_t time(time_t* out) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (out != NULL) *out = now.tv_sec;
  return now.tv_sec;
}
