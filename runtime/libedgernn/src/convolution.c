/* Convolutions over time: the windows of some steps side by side, then a product as of a recurrent layer. */
#include "layers.h"

/* Windows are multiplied EDGERNN_CHUNK at a time. */
static size_t windows_at_a_time(size_t steps) { return steps < EDGERNN_CHUNK ? steps : EDGERNN_CHUNK; }

static size_t outputs_of(const edgernn_layer *layer) { return edgernn_padded(layer->output_size); }

EDGERNN_INTERNAL size_t edgernn_convolution_bytes(const edgernn_layer *layer, size_t steps) {
  edgernn_arena a = {NULL, 0};
  EDGERNN_TAKE(&a, float, windows_at_a_time(steps) * layer->node.taps * layer->input_size);
  EDGERNN_TAKE(&a, float, windows_at_a_time(steps) * outputs_of(layer));
  return a.used;
}

/* Copy a window that begins `before` steps in front of a step; steps outside of the sequence are zeros. */
static void copy_window(const edgernn_layer *layer, const edgernn_sequence *x, size_t start, size_t before,
                        float *out) {
  size_t size = layer->input_size;
  for (uint32_t tap = 0; tap < layer->node.taps; tap++) {
    size_t place = start + (size_t)tap * layer->node.dilation;
    if (place >= before && place - before < x->steps) {
      memcpy(out + tap * size, x->float32 + (place - before) * x->width, size * sizeof *out);
    } else {
      memset(out + tap * size, 0, size * sizeof *out);
    }
  }
}

EDGERNN_INTERNAL void edgernn_run_convolution(const edgernn_model *model, const edgernn_layer *layer,
                                              const edgernn_sequence *x, edgernn_sequence *y,
                                              edgernn_arena a) {
  const edgernn_direction *d = layer->direction;
  size_t inputs = (size_t)layer->node.taps * layer->input_size, outputs = outputs_of(layer);
  size_t before = edgernn_steps_before(&layer->node, x->steps);
  float *windows = EDGERNN_TAKE(&a, float, windows_at_a_time(y->steps) * inputs);
  float *sums = EDGERNN_TAKE(&a, float, windows_at_a_time(y->steps) * outputs);
  edgernn_steps steps;
  memset(&steps, 0, sizeof steps);
  steps.float32 = windows;
  steps.stride = (ptrdiff_t)inputs;
  steps.base = d->input_bias;
  steps.out = sums;
  steps.out_stride = (ptrdiff_t)outputs;
  for (size_t first = 0; first < y->steps; first += EDGERNN_CHUNK) {
    steps.count = windows_at_a_time(y->steps - first);
    for (size_t i = 0; i < steps.count; i++) {
      copy_window(layer, x, (first + i) * layer->node.stride, before, windows + i * inputs);
    }
    model->kernels->product_float32(&d->input_product, &steps);
    for (size_t i = 0; i < steps.count; i++) {
      for (size_t k = 0; k < layer->output_size; k++) {
        y->float32[(first + i) * y->width + k] = edgernn_activated(layer->activation, sums[i * outputs + k]);
      }
    }
  }
}
