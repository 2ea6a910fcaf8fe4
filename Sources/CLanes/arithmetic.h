// What the loops are made of.

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

INNER void NAME(store)(float *to, lanes value, size_t count) {
  if (count >= 16) {
    __builtin_memcpy(to, &value, sizeof value);
  } else {
    for (size_t i = 0; i < count; i++) to[i] = value[i];
  }
}

INNER int NAME(all)(mask where) {
  int result = -1;
  for (int i = 0; i < 16; i++) result &= where[i];
  return result != 0;
}
