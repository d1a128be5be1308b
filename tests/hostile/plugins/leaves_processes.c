/* Leaves processes behind, one of them in a session of its own. `do` is a file that gets their pids. Hangs if its path has "hang" in it. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "plain.h"

static void linger(const char* file, int ready) {
  signal(SIGTERM, SIG_IGN);
  signal(SIGHUP, SIG_IGN);
  FILE* out = fopen(file, "a");
  fprintf(out, "%d\n", (int)getpid());
  fclose(out);
  while (write(ready, "", 1) < 0) {
  }
  for (;;) pause();
}

/* Returns once both processes have written their pids; otherwise they could be killed before. */
static void leave_two(const char* file) {
  int ready[2];
  if (pipe(ready) != 0) return;
  if (fork() == 0) linger(file, ready[1]);
  if (fork() == 0) {
    setsid();
    if (fork() == 0) linger(file, ready[1]);
    _exit(0);
  }
  char byte;
  for (int left = 2; left > 0;) {
    if (read(ready[0], &byte, 1) == 1) --left;
  }
  close(ready[0]);
  close(ready[1]);
}

static belfry_status leave(void* self, belfry_str config, const belfry_findings* findings) {
  (void)self, (void)findings;
  char file[256] = {0};
  const char* begin = (const char*)memchr(config.ptr, '/', config.len);
  const char* end = begin ? (const char*)memchr(begin, '"', config.len - (size_t)(begin - config.ptr)) : NULL;
  if (!end || (size_t)(end - begin) >= sizeof file) return BELFRY_OK;
  memcpy(file, begin, (size_t)(end - begin));
  leave_two(file);
  while (strstr(file, "hang")) pause();
  return BELFRY_OK;
}

static void customize(void) { api.configure = leave; }
