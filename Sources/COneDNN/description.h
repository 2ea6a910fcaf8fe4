#ifndef PTQ_ONEDNN_DESCRIPTION_H
#define PTQ_ONEDNN_DESCRIPTION_H

#include "library.h"

#include <stdint.h>
#include <stdlib.h>

// Shapes and layouts of matrices, which version 2 of oneDNN shows and version 3 keeps to itself.

#if DNNL_VERSION_MAJOR >= 3
typedef dnnl_memory_desc_t own_desc;
typedef const_dnnl_memory_desc_t desc;
#else
typedef dnnl_memory_desc_t *own_desc;
typedef const dnnl_memory_desc_t *desc;
#endif

/// A matrix with given distances between rows and between columns, or, for 0, in any layout that oneDNN likes.
/// NULL if there is no memory.
static inline own_desc describe(
    int64_t rows, int64_t columns, int64_t row_step, int64_t column_step, dnnl_data_type_t type) {
  const dnnl_dims_t sides = {rows, columns}, steps = {row_step, column_step};
  own_desc result = NULL;
#if DNNL_VERSION_MAJOR >= 3
  dnnl_status_t status = row_step == 0
      ? ptq_dnnl.dnnl_memory_desc_create_with_tag(&result, 2, sides, type, dnnl_format_tag_any)
      : ptq_dnnl.dnnl_memory_desc_create_with_strides(&result, 2, sides, type, steps);
  return status == dnnl_success ? result : NULL;
#else
  result = malloc(sizeof *result);
  if (result == NULL) return NULL;
  dnnl_status_t status = row_step == 0
      ? ptq_dnnl.dnnl_memory_desc_init_by_tag(result, 2, sides, type, dnnl_format_tag_any)
      : ptq_dnnl.dnnl_memory_desc_init_by_strides(result, 2, sides, type, steps);
  if (status == dnnl_success) return result;
  free(result);
  return NULL;
#endif
}

/// The same as another; NULL if there is no memory.
static inline own_desc copied(desc from) {
  own_desc result = NULL;
#if DNNL_VERSION_MAJOR >= 3
  ptq_dnnl.dnnl_memory_desc_clone(&result, from);
#else
  result = malloc(sizeof *result);
  if (result != NULL) *result = *from;
#endif
  return result;
}

static inline void forget(own_desc matrix) {
#if DNNL_VERSION_MAJOR >= 3
  if (matrix != NULL) ptq_dnnl.dnnl_memory_desc_destroy(matrix);
#else
  free(matrix);
#endif
}

#endif
