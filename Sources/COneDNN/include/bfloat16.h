#ifndef PTQ_BFLOAT16_H
#define PTQ_BFLOAT16_H

#include <stddef.h>
#include <stdint.h>

// Products of factors in bfloat16 with sums in float32, by oneDNN, each on the calling thread.
//
// All matrices are row by row; a stride is the distance in elements between the starts of two rows.
// Every function but the first two needs a machine on which the first finds no problem, and returns 0, or the
// dnnl_status_t with which oneDNN refused.

/// Why this machine or this build has no such products, in words; NULL if it has.
///
/// The first call, from whatever thread, opens the library.
const char *ptq_bf16_problem(void);

/// The library and the instruction set that it uses; NULL where there is a problem.
const char *ptq_bf16_library(void);

/// Rounds to the nearest bfloat16, with ties to even; subnormal numbers become zero.
void ptq_bf16_round(const float *from, uint16_t *to, size_t count);

/// Rounds exp(x - max x) of each x, and returns the sum of what was rounded. What is less than e^-87 becomes that.
float ptq_bf16_exponentials(const float *x, size_t count, uint16_t *to);

/// A matrix w of `rows` x `columns`, rounded and in the order in which products read it.
typedef struct ptq_bf16_factor ptq_bf16_factor;

/// Rounds and packs a matrix.
int ptq_bf16_pack(
    const float *w, int64_t rows, int64_t columns, int64_t stride, ptq_bf16_factor **result);

/// Frees what was packed.
void ptq_bf16_free(ptq_bf16_factor *factor);

/// y = x · transpose(w), where x has `rows` rows, which are rounded first.
int ptq_bf16_multiply(
    const float *x, int64_t rows, int64_t x_stride, const ptq_bf16_factor *w, float *y,
    int64_t y_stride);

/// A part of a matrix in bfloat16: its first element, and the distances in elements between its rows and between its
/// columns, of which one is 1.
typedef struct {
  const uint16_t *start;
  int64_t row_step, column_step;
} ptq_bf16_part;

/// c = a · b, or c = a · b + c, where a is `rows` x `inner`, b is `inner` x `columns`.
int ptq_bf16_product(
    ptq_bf16_part a, ptq_bf16_part b, int64_t rows, int64_t inner, int64_t columns, float *c,
    int64_t c_stride, int accumulates);

#endif
