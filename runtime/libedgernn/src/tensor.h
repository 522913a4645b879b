/* Tensors of a model.bin, and their values as floats. */
#ifndef EDGERNN_TENSOR_H
#define EDGERNN_TENSOR_H

#include "common.h"

enum {
  EDGERNN_FLOAT32,
  EDGERNN_FLOAT16,
  EDGERNN_INT8,
  EDGERNN_INT8_CODES,
  EDGERNN_INT8_TABLE,
  EDGERNN_UINT8
};

/* A tensor in the file: rows of `columns` values; a vector is one row. */
typedef struct edgernn_tensor {
  const void *values;
  /* int8: a scale per row, or a code per row that is multiplied by `unit`, or `unit` alone. */
  const float *scales;
  const uint8_t *codes;
  float unit;
  uint32_t type, rows, columns;
} edgernn_tensor;

/* Return the scale of an int8 tensor's row. */
EDGERNN_INTERNAL float edgernn_scale(const edgernn_tensor *tensor, uint32_t row);

/* Return the sum of products of a tensor's row with floats. */
EDGERNN_INTERNAL float edgernn_dot(const edgernn_tensor *tensor, uint32_t row, const float *x);

/* Return whether the tensor's values are int8. */
EDGERNN_INTERNAL int edgernn_is_int8(const edgernn_tensor *tensor);

/* Return the tensor's value at a row and column as a float. */
EDGERNN_INTERNAL float edgernn_value(const edgernn_tensor *tensor, uint32_t row, uint32_t column);

#endif
