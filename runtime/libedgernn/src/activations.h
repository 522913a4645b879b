/* Activation functions. */
#ifndef EDGERNN_ACTIVATIONS_H
#define EDGERNN_ACTIVATIONS_H

#include "common.h"

enum {
  EDGERNN_LINEAR,
  EDGERNN_RELU,
  EDGERNN_RELU6,
  EDGERNN_TANH,
  EDGERNN_SIGMOID,
  EDGERNN_HARD_SIGMOID,
  EDGERNN_ELU,
  EDGERNN_SELU,
  EDGERNN_SOFTPLUS,
  EDGERNN_SOFTSIGN,
  EDGERNN_SILU,
  EDGERNN_GELU,
  EDGERNN_ACTIVATIONS
};

/* Return an activation of x. */
EDGERNN_INTERNAL float edgernn_activated(uint32_t activation, float x);

/* Make a softmax of values that are `stride` apart. */
EDGERNN_INTERNAL void edgernn_softmax(float *values, size_t count, size_t stride);

#endif
