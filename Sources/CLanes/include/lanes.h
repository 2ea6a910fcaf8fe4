#ifndef PTQ_LANES_H
#define PTQ_LANES_H

#include <stddef.h>

// Loops over sixteen lanes, compiled for several instruction sets, of which the processor's best is taken at each
// call. Additions have a fixed order and nothing is fused, so all give the same bits.

/// The sum of weights[k] times the k-th of `count` vectors of sixteen, into a vector.
void ptq_weighted_sum(const float *weights, const float *vectors, size_t count, float *sum);

/// The sum of m (s·(q - z) - w)^2, where q = clamp(round(w / s) + z, 0, largest); m = 1 where there are none.
float ptq_zero_point_error(
    const float *weights, const float *importance, size_t count, float scale, float zero,
    float largest);

/// Replaces each x by exp(x - offset) and returns their sum; see VectorMath.exponential for how.
float ptq_exponentials(float *x, size_t count, float offset);

/// Replaces each gate g by g / (1 + exp(-g)) times the number in its place in up.
void ptq_gate_silu(float *gate, const float *up, size_t count);

#endif
