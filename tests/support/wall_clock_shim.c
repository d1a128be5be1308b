/* LD_PRELOAD library that shifts the clocks of one process. BELFRY_TEST_WALL_CLOCK names a file of two little-endian numbers of eight bytes
 * each: the milliseconds that are added to the wall clock, and to the time since the machine was started (CLOCK_BOOTTIME). A test sets the
 * wall clock by writing to the file; the other number must not change while the process runs. CLOCK_MONOTONIC is not affected. */
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

static const volatile int64_t none[2];
static const volatile int64_t* offsets_ms = none;

__attribute__((constructor)) static void open_file(void) {
  const char* path = getenv("BELFRY_TEST_WALL_CLOCK");
  if (path == NULL) return;
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  void* mapped = mmap(NULL, sizeof none, PROT_READ, MAP_SHARED, file, 0);
  close(file);
  if (mapped != MAP_FAILED) offsets_ms = mapped;
}

static void shift(struct timespec* now, int64_t ms) {
  const int64_t ns = (int64_t)now->tv_nsec + ms % 1000 * 1000000;
  now->tv_sec += ms / 1000 + (ns >= 1000000000 ? 1 : 0) - (ns < 0 ? 1 : 0);
  now->tv_nsec = (long)((ns + 1000000000) % 1000000000);
}

int clock_gettime(clockid_t clock, struct timespec* now) {
  const long result = syscall(SYS_clock_gettime, clock, now);
  if (result != 0) return (int)result;
  if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) shift(now, offsets_ms[0]);
  if (clock == CLOCK_BOOTTIME) shift(now, offsets_ms[1]);
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
