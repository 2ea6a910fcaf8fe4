// dladdr and sched_getaffinity are GNU extensions that the Glibc module does not show to Swift.
#define _GNU_SOURCE
#include "probe.h"

#include <dlfcn.h>
#include <malloc.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/resource.h>

const char *ptq_library_of(const char *symbol) {
  void *address = dlsym(RTLD_DEFAULT, symbol);
  Dl_info info;
  if (address == NULL || dladdr(address, &info) == 0) return NULL;
  return info.dli_fname;
}

int ptq_processor_count(void) {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return 1;
  int count = CPU_COUNT(&allowed);
  return count > 0 ? count : 1;
}

static _Thread_local bool is_in_parallel_loop;

bool ptq_is_in_parallel_loop(void) { return is_in_parallel_loop; }

void ptq_set_in_parallel_loop(bool value) { is_in_parallel_loop = value; }

long long ptq_address_space_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return -1;
  return (long long)limit.rlim_cur;
}

long long ptq_open_file_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return -1;
  return (long long)limit.rlim_cur;
}

void ptq_keep_freed_memory(void) {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 128 << 20);
#endif
}

int ptq_flush_output(void) { return fflush(stdout) == 0 && !ferror(stdout); }
