/* The memory of sequences, and the vectors of ids. */
#include "layers.h"

/* Whether the layer's output is read as integers: by a recurrent layer of integer products. */
static int gives_int8(const edgernn_model *model, uint32_t index) {
  return index + 1 < model->layer_count && model->layers[index + 1].is_int8;
}

/* Return the width of a layer's output before its directions are merged. */
static size_t width_of(const edgernn_layer *layer) {
  int is_pair = layer->kind == EDGERNN_RECURRENT && layer->directions == 2;
  return is_pair ? (size_t)layer->direction[0].units + layer->direction[1].units : layer->output_size;
}

/* Return the bytes of a layer's output of `steps` steps. */
static size_t sequence_bytes(const edgernn_model *model, uint32_t index, size_t steps) {
  const edgernn_layer *layer = &model->layers[index];
  size_t width = width_of(layer);
  if (layer->kind == EDGERNN_SELECTION) return 0;
  size_t step = gives_int8(model, index) ? edgernn_padded(width) : width * sizeof(float);
  /* Also on a processor of 32 bits. */
  return steps > EDGERNN_MOST_SCRATCH / step ? EDGERNN_MOST_SCRATCH : steps * step;
}

EDGERNN_INTERNAL void edgernn_open_output(edgernn_arena *a, const edgernn_model *model, uint32_t index,
                                          size_t steps, edgernn_sequence *y) {
  void *memory = edgernn_take(a, sequence_bytes(model, index, steps));
  memset(y, 0, sizeof *y);
  y->steps = steps;
  y->size = model->layers[index].output_size;
  y->width = width_of(&model->layers[index]);
  if (gives_int8(model, index)) {
    /* The scale of a state is fixed: 1/127, one for all steps. */
    static const float scale = 1.0f / 127.0f;
    y->width = edgernn_padded(y->width);
    y->int8 = (int8_t *)memory;
    y->scales = &scale;
    if (memory) memset(memory, 0, sequence_bytes(model, index, steps));
  } else {
    y->float32 = (float *)memory;
  }
}

/* Whether a step is read where it lies in the file: a small core makes products of one step at a time. */
static int reads_in_place(const edgernn_model *model, size_t steps) {
  int fits = model->embedding.columns % 4 == 0 && !model->kernels->input_offset;
  return EDGERNN_CHUNK == 1 && steps == 1 && fits;
}

EDGERNN_INTERNAL void edgernn_open_text(edgernn_arena *a, const edgernn_model *model, size_t steps,
                                        edgernn_sequence *x) {
  memset(x, 0, sizeof *x);
  x->steps = steps;
  x->size = model->embedding.columns;
  x->width = edgernn_up_to(model->embedding.columns, 4);
  if (model->layers[0].is_int8) {
    if (!reads_in_place(model, steps)) x->int8 = EDGERNN_TAKE(a, int8_t, steps * x->width);
    x->own_scales = EDGERNN_TAKE(a, float, steps);
    x->scales = x->own_scales;
    x->scale_stride = 1;
  } else {
    x->float32 = EDGERNN_TAKE(a, float, steps * x->width);
  }
}

/* Copy a row, four values at a time, and fill it up with zeros. */
static void copy_row(const int8_t *row, uint32_t columns, int offset, int8_t *out) {
  /* The offset is 0 or 128: to flip the top bit is to add 128, as the kernels want it. */
  uint32_t flips = offset ? 0x80808080u : 0, left = columns % 4;
  for (uint32_t k = 0; k + 4 <= columns; k += 4) {
    uint32_t four;
    memcpy(&four, row + k, 4);
    four ^= flips;
    memcpy(out + k, &four, 4);
  }
  if (left == 0) return;
  for (uint32_t k = 0; k < 4; k++) {
    uint32_t at = columns - left + k;
    out[at] = k < left ? (int8_t)(row[at] ^ offset) : 0;
  }
}

EDGERNN_INTERNAL void edgernn_embed(const edgernn_model *model, const int32_t *ids, ptrdiff_t stride,
                                    edgernn_sequence *x) {
  const edgernn_tensor *table = &model->embedding;
  uint32_t columns = table->columns;
  for (size_t t = 0; t < x->steps; t++, ids += stride) {
    uint32_t id = (uint32_t)*ids;
    if (x->own_scales) {
      const int8_t *row = (const int8_t *)table->values + (size_t)id * columns;
      x->own_scales[t] = edgernn_scale(table, id);
      if (reads_in_place(model, x->steps)) {
        x->int8 = (int8_t *)(uintptr_t)row;
        continue;
      }
      copy_row(row, columns, model->kernels->input_offset, x->int8 + t * x->width);
      continue;
    }
    for (uint32_t k = 0; k < x->width; k++) {
      x->float32[t * x->width + k] = k < columns ? edgernn_value(table, id, k) : 0.0f;
    }
  }
}

EDGERNN_INTERNAL edgernn_sequence edgernn_steps_from(const edgernn_sequence *x, size_t first, size_t count) {
  edgernn_sequence part = *x;
  part.steps = count;
  if (part.float32) part.float32 += first * x->width;
  if (part.int8) part.int8 += first * x->width;
  if (part.scales) part.scales += (ptrdiff_t)first * x->scale_stride;
  return part;
}
