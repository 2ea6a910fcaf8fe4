#ifndef PTQ_ONEDNN_JOB_H
#define PTQ_ONEDNN_JOB_H

#include "description.h"

/// One call of oneDNN: all that it makes and must free. It begins as zeros and ends with `clear`.
typedef struct {
  dnnl_primitive_attr_t attributes;
  dnnl_post_ops_t sum;
  dnnl_primitive_desc_t plan;
  dnnl_primitive_t primitive;
  dnnl_memory_t memories[4];
  dnnl_stream_t stream;
  void *scratch;
} job;

/// Plans c = a · b, or c = a · b + c.
int plan_product(job *job, desc a, desc b, desc c, int accumulates);

/// Plans a copy into another layout.
int plan_copy(job *job, desc from, desc to);

/// Runs a planned product.
int run_product(job *job, desc a, const void *a_at, desc b, const void *b_at, desc c, void *c_at);

/// Runs a planned copy.
int run_copy(job *job, desc from, const void *from_at, desc to, void *to_at);

void clear(job *job);

/// Memory at the start of a cache line, never none.
void *allocate(size_t size);

#endif
