/* A recurrent layer over several texts: at each step, one product for the inputs of all texts, and one for
 * their states. Texts are ordered by length, so that those which are not at their end come first. */
#include "batch.h"
#include "cells.h"

/* One direction under way. */
typedef struct batch_walker {
  edgernn_cells cells;
  /* The inputs of a step [texts, width], of int8 or floats, and their scales and products. */
  int8_t *int8;
  float *float32, *scales, *products;
} batch_walker;

/* A layer under way. */
typedef struct batch_job {
  const edgernn_model *model;
  const edgernn_layer *layer;
  edgernn_sequence *x;
  size_t stride, texts;
  batch_walker walkers[2];
} batch_job;

/* Copy the inputs of step `t` of the walk over each text side by side. */
static void gather_inputs(const batch_job *j, const batch_walker *w, size_t t, size_t texts) {
  size_t width = j->x->width;
  for (size_t i = 0; i < texts; i++) {
    const edgernn_sequence *x = j->x + i * j->stride;
    size_t at = w->cells.d->reverse ? x->steps - 1 - t : t;
    if (j->layer->is_int8) {
      memcpy(w->int8 + i * width, x->int8 + at * width, width);
      w->scales[i] = x->scales[(ptrdiff_t)at * x->scale_stride];
    } else {
      memcpy(w->float32 + i * width, x->float32 + at * width, width * sizeof(float));
    }
  }
}

static void make_products(const batch_job *j, const batch_walker *w, size_t texts) {
  const edgernn_direction *d = w->cells.d;
  ptrdiff_t width = (ptrdiff_t)j->x->width, rows = (ptrdiff_t)d->input_product.groups * EDGERNN_GROUP;
  edgernn_steps steps = {texts, w->int8, w->float32, width, w->scales, 1, d->input_bias, 0, w->products, rows, 0};
  if (j->layer->is_int8) {
    j->model->kernels->product_int8(&d->input_product, &steps);
  } else {
    j->model->kernels->product_float32(&d->input_product, &steps);
  }
}

/* Copy the states of a step to the outputs, next to the other direction's; without a sequence, those of the
 * texts that end. */
static void keep_states(const batch_job *j, const batch_walker *w, size_t t, size_t texts) {
  size_t is_second = w == &j->walkers[1], units = w->cells.d->units, padded = edgernn_padded(units);
  size_t column = is_second ? j->walkers[0].cells.d->units : 0;
  for (size_t i = 0; i < texts; i++) {
    const edgernn_sequence *x = j->x + i * j->stride, *y = x + 1;
    if (!j->layer->return_sequences && t + 1 < x->steps) continue;
    size_t place = !j->layer->return_sequences ? 0 : is_second ? x->steps - 1 - t : t;
    size_t at = place * y->width + column;
    if (y->int8) {
      memcpy(y->int8 + at, w->cells.quantized + i * padded, units);
    } else {
      memcpy(y->float32 + at, w->cells.hidden + i * padded, units * sizeof(float));
    }
  }
}

/* Walk one direction over all texts, on a copy: two threads would wait for each other's writes to one
 * cache line. */
static void walk_batch(void *argument, size_t direction) {
  batch_job j = *(const batch_job *)argument;
  batch_walker *w = &j.walkers[direction];
  size_t texts = j.texts;
  for (size_t t = 0; t < j.x->steps; t++) {
    while (j.x[(texts - 1) * j.stride].steps <= t) texts--;
    gather_inputs(&j, w, t, texts);
    make_products(&j, w, texts);
    edgernn_step_cells(j.model, j.layer, &w->cells, w->products, texts);
    keep_states(&j, w, t, texts);
  }
}

static void open_batch_walker(edgernn_arena *a, batch_walker *w, const edgernn_layer *layer,
                              const edgernn_direction *d, size_t width, size_t texts, int input_offset) {
  memset(w, 0, sizeof *w);
  edgernn_open_cells(a, a, &w->cells, d, texts, input_offset);
  if (layer->is_int8) {
    w->int8 = EDGERNN_TAKE(a, int8_t, texts * width);
    w->scales = EDGERNN_TAKE(a, float, texts);
  } else {
    w->float32 = EDGERNN_TAKE(a, float, texts * width);
  }
  /* A GRU needs them apart from the products with the state, and so do kernels that add where they write. */
  size_t rows = edgernn_gates(d->cell) * edgernn_padded(d->units);
  w->products = d->cell == EDGERNN_GRU || EDGERNN_SMALL_CORE ? EDGERNN_TAKE(a, float, texts * rows) : w->cells.gates;
}

EDGERNN_INTERNAL size_t edgernn_batch_recurrent_bytes(const edgernn_layer *layer, size_t width, size_t texts) {
  edgernn_arena a = {NULL, 0};
  batch_walker w;
  for (uint32_t i = 0; i < layer->directions; i++) {
    open_batch_walker(&a, &w, layer, &layer->direction[i], width, texts, 0);
  }
  return a.used;
}

EDGERNN_INTERNAL void edgernn_batch_recurrent(const edgernn_model *model, const edgernn_layer *layer,
                                              edgernn_sequence *x, size_t stride, size_t texts,
                                              edgernn_arena a, const edgernn_executor *executor) {
  batch_job j;
  j.model = model;
  j.layer = layer;
  j.x = x;
  j.stride = stride;
  j.texts = texts;
  for (uint32_t i = 0; i < layer->directions; i++) {
    open_batch_walker(&a, &j.walkers[i], layer, &layer->direction[i], x->width, texts,
                      model->kernels->input_offset);
  }
  if (layer->directions == 2 && executor) {
    executor->run(executor->context, walk_batch, &j);
  } else {
    for (uint32_t i = 0; i < layer->directions; i++) walk_batch(&j, i);
  }
  for (size_t i = 0; i < texts; i++) {
    edgernn_sequence *y = x + i * stride + 1;
    y->steps = layer->return_sequences ? (x + i * stride)->steps : 1;
    edgernn_merge(layer, y);
  }
}
