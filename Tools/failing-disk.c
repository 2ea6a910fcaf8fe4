// A disk that fails, for Tools/faults: loaded in front of the C library (LD_PRELOAD), it makes system calls fail that
// hardly ever do.
//
//   FAILING_SYNC=N   the Nth call of fsync fails with EIO
//   SHORT_WRITES=1   pwrite writes at most half of what it is given
//   KILLED_AT=N      the process is killed when it is about to change the disk for the Nth time

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static long number(const char *name) {
  const char *text = getenv(name);
  return text ? atol(text) : 0;
}

static void about_to_change(void) {
  static atomic_long changes;
  if (++changes == number("KILLED_AT")) kill(getpid(), SIGKILL);
}

int mkdir(const char *path, mode_t mode) {
  static int (*real)(const char *, mode_t);
  if (!real) real = (int (*)(const char *, mode_t))dlsym(RTLD_NEXT, "mkdir");
  about_to_change();
  return real(path, mode);
}

int rmdir(const char *path) {
  static int (*real)(const char *);
  if (!real) real = (int (*)(const char *))dlsym(RTLD_NEXT, "rmdir");
  about_to_change();
  return real(path);
}

int unlink(const char *path) {
  static int (*real)(const char *);
  if (!real) real = (int (*)(const char *))dlsym(RTLD_NEXT, "unlink");
  about_to_change();
  return real(path);
}

int rename(const char *from, const char *to) {
  static int (*real)(const char *, const char *);
  if (!real) real = (int (*)(const char *, const char *))dlsym(RTLD_NEXT, "rename");
  about_to_change();
  return real(from, to);
}

int link(const char *from, const char *to) {
  static int (*real)(const char *, const char *);
  if (!real) real = (int (*)(const char *, const char *))dlsym(RTLD_NEXT, "link");
  about_to_change();
  return real(from, to);
}

int fsync(int descriptor) {
  static atomic_long calls;
  static int (*real)(int);
  if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  about_to_change();
  if (++calls == number("FAILING_SYNC")) {
    errno = EIO;
    return -1;
  }
  return real(descriptor);
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
  static ssize_t (*real)(int, const void *, size_t, off_t);
  if (!real) real = (ssize_t (*)(int, const void *, size_t, off_t))dlsym(RTLD_NEXT, "pwrite");
  about_to_change();
  if (number("SHORT_WRITES") && count > 1) count /= 2;
  return real(descriptor, bytes, count, offset);
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off_t offset) {
  return pwrite(descriptor, bytes, count, offset);
}
