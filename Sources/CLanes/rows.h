// The loops over rows of numbers.

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
