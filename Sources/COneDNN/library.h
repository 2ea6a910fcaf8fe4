#ifndef PTQ_ONEDNN_LIBRARY_H
#define PTQ_ONEDNN_LIBRARY_H

#include <oneapi/dnnl/dnnl.h>

// The functions of oneDNN in use, found when the library is opened.

#if DNNL_VERSION_MAJOR >= 3
#define PTQ_VERSION_FUNCTIONS(X) \
  X(dnnl_memory_desc_create_with_strides) \
  X(dnnl_memory_desc_create_with_tag) \
  X(dnnl_memory_desc_clone) \
  X(dnnl_memory_desc_destroy) \
  X(dnnl_matmul_primitive_desc_create)
#else
#define PTQ_VERSION_FUNCTIONS(X) \
  X(dnnl_memory_desc_init_by_strides) \
  X(dnnl_memory_desc_init_by_tag) \
  X(dnnl_matmul_desc_init) \
  X(dnnl_primitive_desc_create)
#endif

#define PTQ_FUNCTIONS(X) \
  PTQ_VERSION_FUNCTIONS(X) \
  X(dnnl_version) \
  X(dnnl_set_verbose) \
  X(dnnl_get_effective_cpu_isa) \
  X(dnnl_engine_create) \
  X(dnnl_stream_create) \
  X(dnnl_stream_wait) \
  X(dnnl_stream_destroy) \
  X(dnnl_memory_desc_get_size) \
  X(dnnl_memory_create) \
  X(dnnl_memory_destroy) \
  X(dnnl_post_ops_create) \
  X(dnnl_post_ops_append_sum) \
  X(dnnl_post_ops_destroy) \
  X(dnnl_primitive_attr_create) \
  X(dnnl_primitive_attr_set_post_ops) \
  X(dnnl_primitive_attr_set_scratchpad_mode) \
  X(dnnl_primitive_attr_destroy) \
  X(dnnl_primitive_desc_query_md) \
  X(dnnl_primitive_desc_destroy) \
  X(dnnl_reorder_primitive_desc_create) \
  X(dnnl_primitive_create) \
  X(dnnl_primitive_execute) \
  X(dnnl_primitive_destroy)

#define PTQ_MEMBER(name) __typeof__(name) *name;
struct ptq_library {
  PTQ_FUNCTIONS(PTQ_MEMBER)
  /// The only engine: this CPU. Threads may share it.
  dnnl_engine_t engine;
  /// Sets the number of threads of OpenMP regions that the calling thread begins; NULL without OpenMP.
  void (*limit_threads)(int);
};

/// The library, once ptq_bf16_problem has found none.
extern struct ptq_library ptq_dnnl;

#endif
