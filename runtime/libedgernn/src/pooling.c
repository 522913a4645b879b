/* Pooling over time: running sums and maxima of steps, or of one direction's states while it walks. */
#include "layers.h"

EDGERNN_INTERNAL int edgernn_pools_states(const edgernn_model *model, uint32_t index) {
  const edgernn_layer *layer = &model->layers[index];
  if (index + 1 == model->layer_count) return 0;
  int is_pooling = layer[1].kind == EDGERNN_POOLING || layer[1].kind == EDGERNN_POOLINGS;
  int is_apart = layer->directions == 1 || layer->merge == EDGERNN_CONCAT;
  return is_pooling && layer->kind == EDGERNN_RECURRENT && layer->is_sequence && is_apart;
}

EDGERNN_INTERNAL void edgernn_pool_step(const edgernn_kernel_table *kernels, const edgernn_layer *layer,
                                        const float *step, int is_first, size_t column, size_t width, float *out) {
  out += column;
  for (uint32_t i = 0; i < layer->reductions; i++, out += layer->input_size) {
    if (is_first) {
      memcpy(out, step, width * sizeof *out);
    } else {
      kernels->pool(layer->reduction[i] == EDGERNN_AVERAGE, step, out, width);
    }
  }
}

EDGERNN_INTERNAL void edgernn_finish_pooling(const edgernn_layer *layer, size_t steps, float *out) {
  for (uint32_t i = 0; i < layer->reductions; i++, out += layer->input_size) {
    for (uint32_t k = 0; k < layer->input_size; k++) {
      if (layer->reduction[i] == EDGERNN_AVERAGE) {
        out[k] /= (float)steps;
      } else if (steps < layer->padded_length) {
        float pad = edgernn_value(&layer->pad_row, 0, k);
        out[k] = pad > out[k] ? pad : out[k];
      }
    }
  }
}

EDGERNN_INTERNAL void edgernn_run_pooling(const edgernn_model *model, uint32_t index, const edgernn_sequence *x,
                                          edgernn_sequence *y) {
  const edgernn_layer *layer = &model->layers[index], *before = layer - 1;
  const edgernn_kernel_table *kernels = model->kernels;
  /* The states of a second direction are added from the last one on, as its walk makes them. */
  int is_pair = index && edgernn_pools_states(model, index - 1) && before->directions == 2;
  size_t forward = is_pair ? before->direction[0].units : layer->input_size;
  for (size_t t = 0; t < x->steps; t++) {
    const float *last = x->float32 + (x->steps - 1 - t) * x->width;
    edgernn_pool_step(kernels, layer, x->float32 + t * x->width, !t, 0, forward, y->float32);
    edgernn_pool_step(kernels, layer, last + forward, !t, forward, layer->input_size - forward, y->float32);
  }
  edgernn_finish_pooling(layer, x->steps, y->float32);
  y->steps = 1;
  y->width = layer->output_size;
}
