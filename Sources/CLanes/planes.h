// The loops of nearest plane in a group, with sixteen rows as lanes.

/// The points nearest to some targets.
INNER lanes NAME(nearest)(const struct ptq_steps *points, lanes target) {
  const lanes scale = NAME(load)(points->scale, 16), origin = NAME(load)(points->origin, 16);
  const lanes low = NAME(load)(points->low, 16), high = NAME(load)(points->high, 16);
  const lanes steps = NAME(limited)((target - origin) / scale, low, high);
  return scale * ((steps + 12582912.0f) - 12582912.0f) + origin;
}

/// Rounds column p of the rows with a candidate, stores its error, and returns what that costs.
INNER lanes NAME(plane_step)(
    const struct ptq_plane *plane, const struct ptq_steps *points, size_t p, float *errors) {
  const lanes w = NAME(load)(plane->weights + 16 * p, 16);
  const size_t size = plane->size, next = p + 1;
  const lanes t =
      w + NAME(sum)(plane->unit + p * size + next, errors + 16 * next, size - next);
  const lanes value = NAME(nearest)(points, t);
  const lanes error = w - value, y = t - value;
  __builtin_memcpy(errors + 16 * p, &error, sizeof error);
  return plane->pivots[p] * y * y;
}

TARGET static void NAME(plane_costs)(
    const struct ptq_plane *plane, const struct ptq_steps *candidates, size_t count,
    const float *bound, float *errors, float *costs) {
  lanes least = NAME(load)(bound, 16);
  for (size_t first = 0; first < count; first += PTQ_PLANE_CANDIDATES) {
    const size_t rest = count - first;
    const size_t together = rest < PTQ_PLANE_CANDIDATES ? rest : PTQ_PLANE_CANDIDATES;
    lanes cost[PTQ_PLANE_CANDIDATES] = {{0}};
    int is_done[PTQ_PLANE_CANDIDATES] = {0};
    for (size_t p = plane->size; p-- > 0;) {
      for (size_t c = 0; c < together; c++) {
        if (is_done[c]) continue;
        float *own = errors + 16 * plane->size * c;
        cost[c] += NAME(plane_step)(plane, candidates + first + c, p, own);
        // Costs only grow.
        if (p % 16 == 0) is_done[c] = NAME(all)(cost[c] >= least);
      }
    }
    for (size_t c = 0; c < together; c++) {
      __builtin_memcpy(costs + 16 * (first + c), &cost[c], sizeof cost[c]);
      least = NAME(choose)(cost[c] < least, cost[c], least);
    }
  }
}

TARGET static void NAME(plane_fit)(
    const struct ptq_plane *plane, const float *values, const float *origin, float *scratch,
    float *sums) {
  const size_t size = plane->size;
  float *moving = scratch, *missing = scratch + 16 * size;
  for (size_t p = 0; p < size; p++) {
    const lanes value = NAME(load)(values + 16 * p, 16);
    const lanes u = value - NAME(load)(origin, 16), e = NAME(load)(plane->weights + 16 * p, 16) - value;
    __builtin_memcpy(moving + 16 * p, &u, sizeof u);
    __builtin_memcpy(missing + 16 * p, &e, sizeof e);
  }
  enum { AA, AC, CC, AY, CY, YY };
  lanes sum[6] = {{0}};
  for (size_t p = 0; p < size; p++) {
    const float *row = plane->unit + p * size + p, pivot = plane->pivots[p];
    const lanes a = NAME(sum)(row, moving + 16 * p, size - p);
    const lanes y = NAME(sum)(row, missing + 16 * p, size - p);
    float c = 0;
    for (size_t k = 0; k < size - p; k++) c += row[k];
    sum[AA] += pivot * a * a, sum[AC] += pivot * c * a, sum[CC] += pivot * c * c;
    sum[AY] += pivot * a * y, sum[CY] += pivot * c * y, sum[YY] += pivot * y * y;
  }
  __builtin_memcpy(sums, sum, sizeof sum);
}

TARGET static void NAME(plane_descend)(
    const struct ptq_plane *plane, const struct ptq_curvature *curvature,
    const struct ptq_steps *points, float *values, float *residuals, float *cost) {
  const size_t size = plane->size;
  for (size_t p = 0; p < size; p++) {
    const lanes e = NAME(load)(plane->weights + 16 * p, 16) - NAME(load)(values + 16 * p, 16);
    __builtin_memcpy(residuals + 16 * p, &e, sizeof e);
  }
  for (size_t p = 0; p < size; p++) {
    const lanes y = NAME(sum)(plane->unit + p * size + p, residuals + 16 * p, size - p);
    __builtin_memcpy(residuals + 16 * p, &y, sizeof y);
  }
  for (size_t j = 0; j < size; j++) {
    const float *column = curvature->columns + j * size;
    const lanes slope = NAME(sum)(curvature->weighted + j * size, residuals, j + 1);
    const lanes old = NAME(load)(values + 16 * j, 16);
    lanes best = old + slope * curvature->inverses[j];
    // Where a sum overflowed, the code stays.
    best = NAME(choose)(best == best, best, old);
    const lanes value = NAME(nearest)(points, best), change = value - old;
    if (NAME(all)(change == 0)) continue;
    for (size_t i = 0; i <= j; i++) {
      const lanes y = NAME(load)(residuals + 16 * i, 16) - column[i] * change;
      __builtin_memcpy(residuals + 16 * i, &y, sizeof y);
    }
    __builtin_memcpy(values + 16 * j, &value, sizeof value);
  }
  lanes total = {0};
  for (size_t p = 0; p < size; p++) {
    const lanes y = NAME(load)(residuals + 16 * p, 16);
    total += plane->pivots[p] * y * y;
  }
  __builtin_memcpy(cost, &total, sizeof total);
}
