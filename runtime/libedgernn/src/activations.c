/* Activation functions of a single value. The kernels have sigmoid and tanh of vectors. */
#include "activations.h"

#include <math.h>

static float activated_otherwise(uint32_t activation, float x) {
  switch (activation) {
    case EDGERNN_RELU6: return x < 0 ? 0 : x > 6 ? 6 : x;
    case EDGERNN_HARD_SIGMOID: x = x / 6 + 0.5f; return x < 0 ? 0 : x > 1 ? 1 : x;
    case EDGERNN_ELU: return x > 0 ? x : expm1f(x);
    case EDGERNN_SELU: return 1.0507009873554805f * (x > 0 ? x : 1.6732632423543772f * expm1f(x));
    case EDGERNN_SOFTPLUS: return x > 0 ? x + log1pf(expf(-x)) : log1pf(expf(x));
    case EDGERNN_SOFTSIGN: return x / (1 + fabsf(x));
    case EDGERNN_SILU: return x * (0.5f * tanhf(0.5f * x) + 0.5f);
    case EDGERNN_GELU: return 0.5f * x * (1 + erff(x * 0.70710678118654752f));
    default: return x;
  }
}

EDGERNN_INTERNAL float edgernn_activated(uint32_t activation, float x) {
  switch (activation) {
    case EDGERNN_RELU: return x < 0 ? 0 : x;
    case EDGERNN_TANH: return tanhf(x);
    case EDGERNN_SIGMOID: return 0.5f * tanhf(0.5f * x) + 0.5f;
    default: return EDGERNN_HAS_ACTIVATIONS ? activated_otherwise(activation, x) : x;
  }
}

EDGERNN_INTERNAL void edgernn_softmax(float *values, size_t count, size_t stride) {
  float largest = values[0], sum = 0;
  for (size_t i = 1; i < count; i++) largest = values[i * stride] > largest ? values[i * stride] : largest;
  for (size_t i = 0; i < count; i++) sum += values[i * stride] = expf(values[i * stride] - largest);
  for (size_t i = 0; i < count; i++) values[i * stride] /= sum;
}
