// The loops of lanes.h, for one instruction set: NAME(x) names them and TARGET says which.

#define INNER static inline __attribute__((always_inline)) TARGET

/// Sixteen numbers, or fewer and zeros behind them.
INNER lanes NAME(load)(const float *from, size_t count) {
  lanes result = {0};
  if (count >= 16) {
    __builtin_memcpy(&result, from, sizeof result);
  } else {
    for (size_t i = 0; i < count; i++) result[i] = from[i];
  }
  return result;
}

INNER float NAME(total)(lanes value) {
  for (int width = 8; width > 0; width /= 2) {
    for (int i = 0; i < width; i++) value[i] += value[i + width];
  }
  return value[0];
}

INNER lanes NAME(choose)(mask where, lanes a, lanes b) {
  return (lanes)((where & (mask)a) | (~where & (mask)b));
}

INNER lanes NAME(limited)(lanes x, lanes low, lanes high) {
  lanes raised = NAME(choose)(x < low, low, x);
  return NAME(choose)(raised > high, high, raised);
}

INNER lanes NAME(sum)(const float *weights, const float *vectors, size_t count) {
  // Four sums, so that additions need not wait for one another.
  lanes a = {0}, b = {0}, c = {0}, d = {0};
  size_t k = 0;
  for (; k + 4 <= count; k += 4) {
    a += weights[k] * NAME(load)(vectors + 16 * k, 16);
    b += weights[k + 1] * NAME(load)(vectors + 16 * (k + 1), 16);
    c += weights[k + 2] * NAME(load)(vectors + 16 * (k + 2), 16);
    d += weights[k + 3] * NAME(load)(vectors + 16 * (k + 3), 16);
  }
  for (; k < count; k++) a += weights[k] * NAME(load)(vectors + 16 * k, 16);
  return (a + b) + (c + d);
}

TARGET static void NAME(weighted_sum)(
    const float *weights, const float *vectors, size_t count, float *sum) {
  const lanes total = NAME(sum)(weights, vectors, count);
  __builtin_memcpy(sum, &total, sizeof total);
}

TARGET static float NAME(zero_point_error)(
    const float *weights, const float *importance, size_t count, float scale, float zero,
    float largest) {
  const float inverse = 1 / scale;
  lanes sum = {0};
  for (size_t i = 0; i < count; i += 16) {
    const size_t rest = count - i;
    lanes w = NAME(load)(weights + i, rest);
    lanes steps = NAME(limited)(w * inverse, -zero - (lanes){0}, (largest - zero) - (lanes){0});
    lanes error = ((steps + 12582912.0f) - 12582912.0f) * scale - w;
    lanes square = error * error;
    if (importance != NULL) square *= NAME(load)(importance + i, rest);
    for (size_t j = rest; j < 16; j++) square[j] = 0;
    sum += square;
  }
  return NAME(total)(sum);
}

INNER int NAME(all)(mask where) {
  int result = -1;
  for (int i = 0; i < 16; i++) result &= where[i];
  return result != 0;
}

/// Rounds column p of the rows with a candidate, stores its error, and returns what that costs.
INNER lanes NAME(plane_step)(
    const struct ptq_plane *plane, const struct ptq_steps *points, size_t p, float *errors) {
  const lanes scale = NAME(load)(points->scale, 16), origin = NAME(load)(points->origin, 16);
  const lanes low = NAME(load)(points->low, 16), high = NAME(load)(points->high, 16);
  const lanes w = NAME(load)(plane->weights + 16 * p, 16);
  const size_t size = plane->size, next = p + 1;
  const lanes t =
      w + NAME(sum)(plane->unit + p * size + next, errors + 16 * next, size - next);
  const lanes steps = NAME(limited)((t - origin) / scale, low, high);
  const lanes value = scale * ((steps + 12582912.0f) - 12582912.0f) + origin;
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

TARGET static float NAME(maximum)(const float *x, size_t count) {
  lanes best = (lanes){0} - __builtin_inff();
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    const lanes value = NAME(load)(x + i, 16);
    best = NAME(choose)(value > best, value, best);
  }
  float result = best[0];
  for (int lane = 1; lane < 16; lane++) result = best[lane] > result ? best[lane] : result;
  for (; i < count; i++) result = x[i] > result ? x[i] : result;
  return result;
}

INNER lanes NAME(exponential)(lanes x) {
  const lanes zero = {0};
  lanes clamped = NAME(limited)(x, zero - 87.3f, zero + 88.3f);
  // The rounding constant leaves n in the low bits of the sum, which become the exponent.
  lanes shifted = clamped * 1.442695f + 12582912.0f;
  lanes n = shifted - 12582912.0f;
  lanes r = (clamped - n * 0.693359375f) + n * 2.1219444e-4f;
  lanes sum = zero + 1.0f / 5040;
  sum = sum * r + 1.0f / 720;
  sum = sum * r + 1.0f / 120;
  sum = sum * r + 1.0f / 24;
  sum = sum * r + 1.0f / 6;
  sum = sum * r + 0.5f;
  sum = sum * r + 1;
  sum = sum * r + 1;
  return sum * (lanes)(((mask)shifted + 127) << 23);
}

INNER void NAME(store)(float *to, lanes value, size_t count) {
  if (count >= 16) {
    __builtin_memcpy(to, &value, sizeof value);
  } else {
    for (size_t i = 0; i < count; i++) to[i] = value[i];
  }
}

TARGET static float NAME(exponentials)(float *x, size_t count, float offset) {
  lanes sum = {0};
  float tail = 0;
  for (size_t i = 0; i < count; i += 16) {
    const size_t rest = count - i;
    lanes value = NAME(exponential)(NAME(load)(x + i, rest) - offset);
    NAME(store)(x + i, value, rest);
    if (rest >= 16) {
      sum += value;
    } else {
      for (size_t j = 0; j < rest; j++) tail += value[j];
    }
  }
  return NAME(total)(sum) + tail;
}

TARGET static void NAME(gate_silu)(float *gate, const float *up, size_t count) {
  for (size_t i = 0; i < count; i += 16) {
    const size_t rest = count - i;
    lanes g = NAME(load)(gate + i, rest), u = NAME(load)(up + i, rest);
    NAME(store)(gate + i, g / (1 + NAME(exponential)(-g)) * u, rest);
  }
}

#undef INNER
#undef NAME
#undef TARGET
