#include "bfloat16.h"

#if defined(__x86_64__) && __has_include(<oneapi/dnnl/dnnl.h>)

#include "job.h"

#include <immintrin.h>
#include <math.h>

// Compiled for a processor that has the instruction, which ptq_bf16_problem makes sure of.
#define BF16 __attribute__((target("avx512f,avx512vl,avx512bw,avx512bf16")))

/// The lanes of which `rest` elements are left.
BF16 static __mmask16 lanes_of(size_t rest) {
  return rest >= 16 ? 0xFFFF : (__mmask16)((1u << rest) - 1);
}

/// 2^x by its Taylor series around the nearest integer: relative errors below 3e-6.
BF16 static __m512 power_of_two(__m512 x) {
  const __m512 whole = _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  const __m512 r = _mm512_sub_ps(x, whole);
  __m512 sum = _mm512_set1_ps(1.3333558e-3f);
  sum = _mm512_fmadd_ps(sum, r, _mm512_set1_ps(9.6181291e-3f));
  sum = _mm512_fmadd_ps(sum, r, _mm512_set1_ps(5.5504109e-2f));
  sum = _mm512_fmadd_ps(sum, r, _mm512_set1_ps(2.4022651e-1f));
  sum = _mm512_fmadd_ps(sum, r, _mm512_set1_ps(6.9314718e-1f));
  sum = _mm512_fmadd_ps(sum, r, _mm512_set1_ps(1));
  return _mm512_scalef_ps(sum, whole);
}

BF16 float ptq_bf16_exponentials(const float *x, size_t count, uint16_t *to) {
  const __m512 least = _mm512_set1_ps(-INFINITY);
  __m512 top = least;
  for (size_t i = 0; i < count; i += 16) {
    top = _mm512_max_ps(_mm512_mask_loadu_ps(least, lanes_of(count - i), x + i), top);
  }
  const __m512 log2e = _mm512_set1_ps(1.44269504f), floor = _mm512_set1_ps(-126);
  const __m512 offset = _mm512_set1_ps(_mm512_reduce_max_ps(top));
  __m512 total = _mm512_setzero_ps();
  for (size_t i = 0; i < count; i += 16) {
    const __mmask16 own = lanes_of(count - i);
    const __m512 power = _mm512_mul_ps(_mm512_sub_ps(_mm512_maskz_loadu_ps(own, x + i), offset), log2e);
    // The second operand is taken where it is no number, so that what is none stays none.
    const __m512 value = power_of_two(_mm512_max_ps(floor, power));
    total = _mm512_mask_add_ps(total, own, total, value);
    _mm256_mask_storeu_epi16(to + i, own, (__m256i)_mm512_cvtneps_pbh(value));
  }
  return _mm512_reduce_add_ps(total);
}

BF16 void ptq_bf16_round(const float *from, uint16_t *to, size_t count) {
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    const __m512 values = _mm512_loadu_ps(from + i);
    _mm256_storeu_si256((__m256i *)(to + i), (__m256i)_mm512_cvtneps_pbh(values));
  }
  if (i < count) {
    const __mmask16 rest = (__mmask16)((1u << (count - i)) - 1);
    uint16_t lanes[16];
    const __m512 values = _mm512_maskz_loadu_ps(rest, from + i);
    _mm256_storeu_si256((__m256i *)lanes, (__m256i)_mm512_cvtneps_pbh(values));
    for (size_t j = 0; i < count; i++, j++) to[i] = lanes[j];
  }
}

/// The rows of a matrix, rounded and without gaps; NULL if there is no memory.
static uint16_t *rounded(const float *from, int64_t rows, int64_t columns, int64_t stride) {
  uint16_t *result = allocate((size_t)(rows * columns) * sizeof *result);
  for (int64_t i = 0; result != NULL && i < rows; i++) {
    ptq_bf16_round(from + i * stride, result + i * columns, (size_t)columns);
  }
  return result;
}

struct ptq_bf16_factor {
  int64_t rows, columns;
  own_desc layout;
  void *elements;
};

/// How oneDNN would like transpose(w) for products of 256 rows; those of other heights read it as well.
static int choose_layout(ptq_bf16_factor *w) {
  job job = {0};
  own_desc a = describe(256, w->columns, w->columns, 1, dnnl_bf16);
  own_desc b = describe(w->columns, w->rows, 0, 0, dnnl_bf16);
  own_desc c = describe(256, w->rows, w->rows, 1, dnnl_f32);
  int status = plan_product(&job, a, b, c, 0);
  if (status == dnnl_success) {
    w->layout = copied(ptq_dnnl.dnnl_primitive_desc_query_md(job.plan, dnnl_query_weights_md, 0));
    if (w->layout == NULL) status = dnnl_out_of_memory;
  }
  clear(&job);
  forget(a), forget(b), forget(c);
  return status;
}

static int fill(ptq_bf16_factor *w, const uint16_t *rows) {
  job job = {0};
  own_desc plain = describe(w->columns, w->rows, 1, w->columns, dnnl_bf16);
  w->elements = allocate(ptq_dnnl.dnnl_memory_desc_get_size(w->layout));
  int status = rows == NULL || w->elements == NULL ? dnnl_out_of_memory
                                                   : plan_copy(&job, plain, w->layout);
  if (status == dnnl_success) status = run_copy(&job, plain, rows, w->layout, w->elements);
  clear(&job);
  forget(plain);
  return status;
}

int ptq_bf16_pack(
    const float *w, int64_t rows, int64_t columns, int64_t stride, ptq_bf16_factor **result) {
  ptq_bf16_factor *factor = calloc(1, sizeof *factor);
  if (factor == NULL) return dnnl_out_of_memory;
  *factor = (ptq_bf16_factor){.rows = rows, .columns = columns};
  int status = choose_layout(factor);
  if (status == dnnl_success) {
    uint16_t *plain = rounded(w, rows, columns, stride);
    status = fill(factor, plain);
    free(plain);
  }
  if (status == dnnl_success) {
    *result = factor;
  } else {
    ptq_bf16_free(factor);
  }
  return status;
}

void ptq_bf16_free(ptq_bf16_factor *factor) {
  forget(factor->layout);
  free(factor->elements);
  free(factor);
}

int ptq_bf16_multiply(
    const float *x, int64_t rows, int64_t x_stride, const ptq_bf16_factor *w, float *y,
    int64_t y_stride) {
  job job = {0};
  own_desc a = describe(rows, w->columns, w->columns, 1, dnnl_bf16);
  own_desc c = describe(rows, w->rows, y_stride, 1, dnnl_f32);
  uint16_t *left = rounded(x, rows, w->columns, x_stride);
  int status = left == NULL ? dnnl_out_of_memory : plan_product(&job, a, w->layout, c, 0);
  if (status == dnnl_success) {
    status = run_product(&job, a, left, w->layout, w->elements, c, y);
  }
  clear(&job);
  free(left);
  forget(a), forget(c);
  return status;
}

int ptq_bf16_product(
    ptq_bf16_part a, ptq_bf16_part b, int64_t rows, int64_t inner, int64_t columns, float *c,
    int64_t c_stride, int accumulates) {
  job job = {0};
  own_desc left = describe(rows, inner, a.row_step, a.column_step, dnnl_bf16);
  own_desc right = describe(inner, columns, b.row_step, b.column_step, dnnl_bf16);
  own_desc sum = describe(rows, columns, c_stride, 1, dnnl_f32);
  int status = plan_product(&job, left, right, sum, accumulates);
  if (status == dnnl_success) status = run_product(&job, left, a.start, right, b.start, sum, c);
  clear(&job);
  forget(left), forget(right), forget(sum);
  return status;
}

#else

// Never called, because ptq_bf16_problem finds one; here so that the program can be linked.

void ptq_bf16_round(const float *from, uint16_t *to, size_t count) {}

float ptq_bf16_exponentials(const float *x, size_t count, uint16_t *to) { return 0; }

int ptq_bf16_pack(
    const float *w, int64_t rows, int64_t columns, int64_t stride, ptq_bf16_factor **result) {
  return 1;
}

void ptq_bf16_free(ptq_bf16_factor *factor) {}

int ptq_bf16_multiply(
    const float *x, int64_t rows, int64_t x_stride, const ptq_bf16_factor *w, float *y,
    int64_t y_stride) {
  return 1;
}

int ptq_bf16_product(
    ptq_bf16_part a, ptq_bf16_part b, int64_t rows, int64_t inner, int64_t columns, float *c,
    int64_t c_stride, int accumulates) {
  return 1;
}

#endif
