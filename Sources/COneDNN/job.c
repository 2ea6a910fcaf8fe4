#include "bfloat16.h"

#if defined(__x86_64__) && __has_include(<oneapi/dnnl/dnnl.h>)

#include "job.h"

#define TRY(call) \
  do { \
    dnnl_status_t status = ptq_dnnl.call; \
    if (status != dnnl_success) return status; \
  } while (0)

void *allocate(size_t size) { return aligned_alloc(64, (size / 64 + 1) * 64); }

void clear(job *job) {
  for (int i = 0; i < 4; i++) {
    if (job->memories[i]) ptq_dnnl.dnnl_memory_destroy(job->memories[i]);
  }
  if (job->stream) ptq_dnnl.dnnl_stream_destroy(job->stream);
  if (job->primitive) ptq_dnnl.dnnl_primitive_destroy(job->primitive);
  if (job->plan) ptq_dnnl.dnnl_primitive_desc_destroy(job->plan);
  if (job->sum) ptq_dnnl.dnnl_post_ops_destroy(job->sum);
  if (job->attributes) ptq_dnnl.dnnl_primitive_attr_destroy(job->attributes);
  free(job->scratch);
}

/// Keeps oneDNN on the calling thread: a property of that thread, and the process has several.
static void stay_on_this_thread(void) {
  if (ptq_dnnl.limit_threads) ptq_dnnl.limit_threads(1);
}

// oneDNN keeps compiled kernels by shape, so that a plan takes microseconds except for the first time.
int plan_product(job *job, desc a, desc b, desc c, int accumulates) {
  if (a == NULL || b == NULL || c == NULL) return dnnl_out_of_memory;
  stay_on_this_thread();
  TRY(dnnl_primitive_attr_create(&job->attributes));
  TRY(dnnl_primitive_attr_set_scratchpad_mode(job->attributes, dnnl_scratchpad_mode_user));
  if (accumulates) {
    TRY(dnnl_post_ops_create(&job->sum));
#if DNNL_VERSION_MAJOR >= 3
    TRY(dnnl_post_ops_append_sum(job->sum, 1, 0, dnnl_data_type_undef));
#else
    TRY(dnnl_post_ops_append_sum(job->sum, 1));
#endif
    TRY(dnnl_primitive_attr_set_post_ops(job->attributes, job->sum));
  }
#if DNNL_VERSION_MAJOR >= 3
  TRY(dnnl_matmul_primitive_desc_create(
      &job->plan, ptq_dnnl.engine, a, b, NULL, c, job->attributes));
#else
  dnnl_matmul_desc_t product;
  TRY(dnnl_matmul_desc_init(&product, a, b, NULL, c));
  TRY(dnnl_primitive_desc_create(&job->plan, &product, job->attributes, ptq_dnnl.engine, NULL));
#endif
  return dnnl_success;
}

int plan_copy(job *job, desc from, desc to) {
  if (from == NULL || to == NULL) return dnnl_out_of_memory;
  stay_on_this_thread();
  TRY(dnnl_reorder_primitive_desc_create(
      &job->plan, from, ptq_dnnl.engine, to, ptq_dnnl.engine, NULL));
  return dnnl_success;
}

static int run(
    job *job, int count, const int *roles, const desc *matrices, void *const *places) {
  dnnl_exec_arg_t arguments[4];
  for (int i = 0; i < count; i++) {
    TRY(dnnl_memory_create(&job->memories[i], matrices[i], ptq_dnnl.engine, places[i]));
    arguments[i] = (dnnl_exec_arg_t){roles[i], job->memories[i]};
  }
  TRY(dnnl_primitive_create(&job->primitive, job->plan));
  TRY(dnnl_stream_create(&job->stream, ptq_dnnl.engine, dnnl_stream_default_flags));
  TRY(dnnl_primitive_execute(job->primitive, job->stream, count, arguments));
  return ptq_dnnl.dnnl_stream_wait(job->stream);
}

int run_product(job *job, desc a, const void *a_at, desc b, const void *b_at, desc c, void *c_at) {
  desc scratch = ptq_dnnl.dnnl_primitive_desc_query_md(job->plan, dnnl_query_scratchpad_md, 0);
  job->scratch = allocate(ptq_dnnl.dnnl_memory_desc_get_size(scratch));
  if (job->scratch == NULL) return dnnl_out_of_memory;
  const int roles[] = {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST, DNNL_ARG_SCRATCHPAD};
  const desc matrices[] = {a, b, c, scratch};
  void *const places[] = {(void *)a_at, (void *)b_at, c_at, job->scratch};
  return run(job, 4, roles, matrices, places);
}

int run_copy(job *job, desc from, const void *from_at, desc to, void *to_at) {
  const int roles[] = {DNNL_ARG_FROM, DNNL_ARG_TO};
  const desc matrices[] = {from, to};
  void *const places[] = {(void *)from_at, to_at};
  return run(job, 2, roles, matrices, places);
}

#endif
