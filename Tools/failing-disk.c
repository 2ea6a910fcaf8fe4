// A disk that fails, for Tools/faults: loaded in front of the C library (LD_PRELOAD), it makes system calls fail that
// hardly ever do.
//
//   FAILING_SYNC=N   the Nth call of fsync fails with EIO
//   SHORT_WRITES=1   pwrite writes at most half of what it is given

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

static long number(const char *name) {
  const char *text = getenv(name);
  return text ? atol(text) : 0;
}

int fsync(int descriptor) {
  static atomic_long calls;
  static int (*real)(int);
  if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  if (++calls == number("FAILING_SYNC")) {
    errno = EIO;
    return -1;
  }
  return real(descriptor);
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
  static ssize_t (*real)(int, const void *, size_t, off_t);
  if (!real) real = (ssize_t (*)(int, const void *, size_t, off_t))dlsym(RTLD_NEXT, "pwrite");
  if (number("SHORT_WRITES") && count > 1) count /= 2;
  return real(descriptor, bytes, count, offset);
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off_t offset) {
  return pwrite(descriptor, bytes, count, offset);
}
