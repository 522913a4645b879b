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

/* Check the number of an activation in a file. */
static inline edgernn_status edgernn_check_activation(uint32_t activation) {
  if (activation >= EDGERNN_ACTIVATIONS) return EDGERNN_ERROR_MALFORMED_MODEL;
  int is_common = activation <= EDGERNN_RELU || activation == EDGERNN_TANH || activation == EDGERNN_SIGMOID;
  return EDGERNN_HAS_ACTIVATIONS || is_common ? EDGERNN_OK : EDGERNN_ERROR_NOT_IN_BUILD;
}

/* Return an activation of x. */
EDGERNN_INTERNAL float edgernn_activated(uint32_t activation, float x);

/* Make a softmax of values that are `stride` apart. */
EDGERNN_INTERNAL void edgernn_softmax(float *values, size_t count, size_t stride);

#endif
