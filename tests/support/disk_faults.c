// LD_PRELOAD library that injects disk faults: while the file named by DISK_FAULTS exists, the calls that it lists (read, write, sync) fail
// with EIO on the database and its write-ahead log. All other files work.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int fails(int fd, const char* call) {
  const int before = errno;
  const char* name = getenv("DISK_FAULTS");
  const int file = name == NULL ? -1 : open(name, O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    errno = before;
    return 0;
  }
  char calls[64] = {0};
  char link[64];
  char path[4096] = {0};
  const ssize_t got = read(file, calls, sizeof calls - 1);
  close(file);
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t length = readlink(link, path, sizeof path - 1);
  errno = before;
  return got > 0 && length > 0 && strstr(path, "/belfry.db") != NULL && strstr(calls, call) != NULL;
}

#define NEXT(name) (__extension__(__typeof__(&name)) dlsym(RTLD_NEXT, #name))
#define EIO_WHEN_FAULTY(fd, call) \
  if (fails(fd, call)) {          \
    errno = EIO;                  \
    return -1;                    \
  }

ssize_t pread(int fd, void* to, size_t count, off_t at) {
  EIO_WHEN_FAULTY(fd, "read")
  return NEXT(pread)(fd, to, count, at);
}
ssize_t pread64(int fd, void* to, size_t count, off64_t at) {
  EIO_WHEN_FAULTY(fd, "read")
  return NEXT(pread64)(fd, to, count, at);
}
ssize_t pwrite(int fd, const void* from, size_t count, off_t at) {
  EIO_WHEN_FAULTY(fd, "write")
  return NEXT(pwrite)(fd, from, count, at);
}
ssize_t pwrite64(int fd, const void* from, size_t count, off64_t at) {
  EIO_WHEN_FAULTY(fd, "write")
  return NEXT(pwrite64)(fd, from, count, at);
}
int fsync(int fd) {
  EIO_WHEN_FAULTY(fd, "sync")
  return NEXT(fsync)(fd);
}
int fdatasync(int fd) {
  EIO_WHEN_FAULTY(fd, "sync")
  return NEXT(fdatasync)(fd);
}
