#include "lanes.h"

#pragma STDC FP_CONTRACT OFF

typedef float lanes __attribute__((vector_size(64)));
typedef int mask __attribute__((vector_size(64)));

// Vectors wider than the processor's are passed in memory, in functions that are inlined anyway.
#pragma clang diagnostic ignored "-Wpsabi"

#define NAME(function) plain_##function
#define TARGET
#include "kernels.h"

#if defined(__x86_64__)

#define NAME(function) avx2_##function
#define TARGET __attribute__((target("avx2")))
#include "kernels.h"

#define NAME(function) avx512_##function
#define TARGET __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw")))
#include "kernels.h"

#define DISPATCH(call) \
  (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") \
           && __builtin_cpu_supports("avx512vl") \
       ? avx512_##call \
       : __builtin_cpu_supports("avx2") ? avx2_##call : plain_##call)

#else

#define DISPATCH(call) plain_##call

#endif

void ptq_weighted_sum(const float *weights, const float *vectors, size_t count, float *sum) {
  DISPATCH(weighted_sum(weights, vectors, count, sum));
}

float ptq_zero_point_error(
    const float *weights, const float *importance, size_t count, float scale, float zero,
    float largest) {
  return DISPATCH(zero_point_error(weights, importance, count, scale, zero, largest));
}

void ptq_plane_costs(
    const struct ptq_plane *plane, const struct ptq_steps *candidates, size_t count,
    const float *bound, float *errors, float *costs) {
  DISPATCH(plane_costs(plane, candidates, count, bound, errors, costs));
}

void ptq_plane_fit(
    const struct ptq_plane *plane, const float *values, const float *origin, float *scratch,
    float *sums) {
  DISPATCH(plane_fit(plane, values, origin, scratch, sums));
}

void ptq_plane_descend(
    const struct ptq_plane *plane, const struct ptq_curvature *curvature,
    const struct ptq_steps *points, float *values, float *residuals, float *cost) {
  DISPATCH(plane_descend(plane, curvature, points, values, residuals, cost));
}

float ptq_maximum(const float *x, size_t count) { return DISPATCH(maximum(x, count)); }

float ptq_exponentials(float *x, size_t count, float offset) {
  return DISPATCH(exponentials(x, count, offset));
}

void ptq_gate_silu(float *gate, const float *up, size_t count) {
  DISPATCH(gate_silu(gate, up, count));
}
