// oneDNN is opened when it is first wanted, and not linked: a binary made here runs on a machine without it, and
// one that never multiplies in bfloat16 does not load its 40 MB. Its types come from the headers at build time;
// without those, or for another kind of processor, there are no such products.
#define _GNU_SOURCE
#include "bfloat16.h"

#if defined(__x86_64__) && __has_include(<oneapi/dnnl/dnnl.h>)

#include "library.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

#define TEXT_OF(number) #number
#define TEXT(number) TEXT_OF(number)
// The number in the name changes with the binary interface.
#define LIBRARY "libdnnl.so." TEXT(DNNL_VERSION_MAJOR)

struct ptq_library ptq_dnnl;
static char problem[256] = "";
static char name[96] = "";

/// Finds the functions; returns the one that is missing, or NULL.
static const char *find_functions(void *library) {
#define FIND(function) \
  ptq_dnnl.function = (__typeof__(function) *)dlsym(library, #function); \
  if (ptq_dnnl.function == NULL) return #function;
  PTQ_FUNCTIONS(FIND)
#undef FIND
  return NULL;
}

/// Whether oneDNN can be kept on the calling thread, which alone says how many threads there are.
static int can_limit_threads(void *library) {
  switch (ptq_dnnl.dnnl_version()->cpu_runtime) {
  case DNNL_RUNTIME_SEQ: return 1;
  case DNNL_RUNTIME_OMP:
    // From the OpenMP that this library was linked with, should there be several.
    ptq_dnnl.limit_threads = (void (*)(int))dlsym(library, "omp_set_num_threads");
    return ptq_dnnl.limit_threads != NULL;
  default: return 0;
  }
}

static void open_library(void) {
  void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) {
    snprintf(problem, sizeof problem, "%s cannot be opened: %s", LIBRARY, dlerror());
    return;
  }
  const char *missing = find_functions(library);
  if (missing != NULL) {
    snprintf(problem, sizeof problem, "%s has no %s", LIBRARY, missing);
    return;
  }
  // What DNNL_VERBOSE asks for would go to standard output, which is for results.
  ptq_dnnl.dnnl_set_verbose(0);
  // Each instruction set has the bits of all that it contains. Without AVX512-BF16, oneDNN imitates bfloat16.
  const int units = (int)ptq_dnnl.dnnl_get_effective_cpu_isa();
  const int bf16 = dnnl_cpu_isa_avx512_core_bf16, amx = dnnl_cpu_isa_avx512_core_amx;
  const dnnl_version_t *version = ptq_dnnl.dnnl_version();
  snprintf(
      name, sizeof name, "oneDNN %d.%d.%d with %s", version->major, version->minor, version->patch,
      (units & amx) == amx ? "AMX" : "AVX512-BF16");
  if ((units & bf16) != bf16) {
    snprintf(problem, sizeof problem, "the processor has neither AVX512-BF16 nor AMX");
  } else if (!can_limit_threads(library)) {
    snprintf(problem, sizeof problem, "%s was built with threads that cannot be limited", name);
  } else if (ptq_dnnl.dnnl_engine_create(&ptq_dnnl.engine, dnnl_cpu, 0) != dnnl_success) {
    snprintf(problem, sizeof problem, "%s finds no processor", name);
  }
}

const char *ptq_bf16_problem(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, open_library);
  return problem[0] == 0 ? NULL : problem;
}

const char *ptq_bf16_library(void) { return ptq_bf16_problem() == NULL ? name : NULL; }

#else

const char *ptq_bf16_problem(void) { return "ptq was built without oneDNN (libdnnl-dev)"; }

const char *ptq_bf16_library(void) { return NULL; }

#endif
