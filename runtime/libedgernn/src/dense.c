/* Dense layers, on a vector or on every step of a sequence. */
#include "layers.h"

EDGERNN_INTERNAL void edgernn_run_dense(const edgernn_layer *layer, const edgernn_sequence *x, edgernn_sequence *y) {
  y->steps = x->steps;
  y->width = layer->output_size;
  for (size_t t = 0; t < x->steps; t++) {
    for (uint32_t row = 0; row < layer->output_size; row++) {
      float sum = edgernn_dot(&layer->weights, row, x->float32 + t * x->width);
      sum += edgernn_value(&layer->bias, 0, row);
      y->float32[t * y->width + row] = edgernn_activated(layer->activation, sum);
    }
  }
}
