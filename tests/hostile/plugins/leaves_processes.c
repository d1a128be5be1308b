/* Leaves processes behind, one of them in a session of its own. `do` is a file that gets their pids. Hangs if its path has "hang" in it. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "plain.h"

static void linger(const char* file) {
  FILE* out = fopen(file, "a");
  fprintf(out, "%d\n", (int)getpid());
  fclose(out);
  signal(SIGTERM, SIG_IGN);
  signal(SIGHUP, SIG_IGN);
  for (;;) pause();
}

static belfry_status leave(void* self, belfry_str config, const belfry_findings* findings) {
  (void)self, (void)findings;
  char file[256] = {0};
  const char* begin = (const char*)memchr(config.ptr, '/', config.len);
  const char* end = begin ? (const char*)memchr(begin, '"', config.len - (size_t)(begin - config.ptr)) : NULL;
  if (!end || (size_t)(end - begin) >= sizeof file) return BELFRY_OK;
  memcpy(file, begin, (size_t)(end - begin));
  if (fork() == 0) linger(file);
  if (fork() == 0) {
    setsid();
    if (fork() == 0) linger(file);
    _exit(0);
  }
  while (strstr(file, "hang")) pause();
  return BELFRY_OK;
}

static void customize(void) { api.configure = leave; }
