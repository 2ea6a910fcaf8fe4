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

/// Nearest plane in a group of columns, for sixteen rows: see GroupPlane.
struct ptq_plane {
  /// A triangle of size x size elements with ones on its diagonal, and the curvature of each column.
  const float *unit, *pivots;
  /// For each column, the weights of the rows.
  const float *weights;
  size_t size;
};

/// The points s k + o for integers k from low to high, for each of sixteen rows.
struct ptq_steps {
  float scale[16], origin[16], low[16], high[16];
};

/// The candidates of ptq_plane_costs that take turns, so that one need not wait for its own last sum.
#define PTQ_PLANE_CANDIDATES 4

/// What nearest plane costs with each of `count` candidates; where no row costs less than `bound` and than all
/// candidates before, any cost that is not less either. Errors w - v of 16 x size rows and columns are left for each
/// of PTQ_PLANE_CANDIDATES candidates.
void ptq_plane_costs(
    const struct ptq_plane *plane, const struct ptq_steps *candidates, size_t count,
    const float *bound, float *errors, float *costs);

/// Six vectors of sums that say what given values cost, and how that changes with their scale and offset: aa, ac, cc,
/// ay and cy of GridFit, and yy, the cost. `scratch` has room for two vectors of each column.
void ptq_plane_fit(
    const struct ptq_plane *plane, const float *values, const float *origin, float *scratch,
    float *sums);

/// The columns of the triangle, those times the pivots, and for each column the inverse of its curvature.
struct ptq_curvature {
  const float *columns, *weighted, *inverses;
};

/// Sets each value to the point that is best given all others, once, and writes the cost. `residuals` has room for a
/// vector of each column.
void ptq_plane_descend(
    const struct ptq_plane *plane, const struct ptq_curvature *curvature,
    const struct ptq_steps *points, float *values, float *residuals, float *cost);

/// The largest of some numbers, or minus infinity if there are none; unspecified if one is no number.
float ptq_maximum(const float *x, size_t count);

/// Replaces each x by exp(x - offset) and returns their sum; see VectorMath.exponential for how.
float ptq_exponentials(float *x, size_t count, float offset);

/// Replaces each gate g by g / (1 + exp(-g)) times the number in its place in up.
void ptq_gate_silu(float *gate, const float *up, size_t count);

#endif
