/* Recurrent layers: the walk of one or two directions over a sequence. */
#include "cells.h"

/* One direction under way. */
typedef struct walker {
  edgernn_cells cells;
  /* Input products of a chunk of steps [EDGERNN_CHUNK, groups * 16]. */
  float *inputs;
} walker;

/* A layer under way. */
typedef struct job {
  const edgernn_model *model;
  const edgernn_layer *layer;
  const edgernn_sequence *x;
  edgernn_sequence *y;
  walker walkers[2];
} job;

/* Copy a direction's state to the output: at its step, next to the other direction's. */
static void keep_state(const job *j, const walker *w, size_t place) {
  size_t column = w == &j->walkers[1] ? j->walkers[0].cells.d->units : 0;
  size_t at = place * j->y->width + column;
  if (j->y->int8) {
    memcpy(j->y->int8 + at, w->cells.quantized, w->cells.d->units);
  } else {
    memcpy(j->y->float32 + at, w->cells.hidden, w->cells.d->units * sizeof(float));
  }
}

/* Make the input products of the steps from `first`, in the order of the walk. */
static void make_inputs(const job *j, const walker *w, size_t first, size_t count) {
  const edgernn_direction *d = w->cells.d;
  const edgernn_sequence *x = j->x;
  size_t at = d->reverse ? x->steps - 1 - first : first;
  ptrdiff_t sign = d->reverse ? -1 : 1;
  ptrdiff_t width = (ptrdiff_t)d->input_product.groups * EDGERNN_GROUP;
  edgernn_steps steps;
  memset(&steps, 0, sizeof steps);
  steps.count = count;
  steps.stride = sign * (ptrdiff_t)x->width;
  steps.base = d->input_bias;
  steps.out = w->inputs;
  steps.out_stride = width;
  if (j->layer->is_int8 || !EDGERNN_HAS_FLOAT) {
    steps.int8 = x->int8 + at * x->width;
    steps.scale = x->scales + (ptrdiff_t)at * x->scale_stride;
    steps.scale_stride = sign * x->scale_stride;
    j->model->kernels->product_int8(&d->input_product, &steps);
  } else {
    steps.float32 = x->float32 + at * x->width;
    j->model->kernels->product_float32(&d->input_product, &steps);
  }
}

/* Walk the directions from `begin` up to `end`, which take turns at each step. */
static void walk(job *j, uint32_t begin, uint32_t end) {
  size_t steps = j->x->steps;
  for (size_t first = 0; first < steps; first += EDGERNN_CHUNK) {
    size_t count = steps - first < EDGERNN_CHUNK ? steps - first : EDGERNN_CHUNK;
    for (uint32_t i = begin; i < end; i++) make_inputs(j, &j->walkers[i], first, count);
    for (size_t s = 0; s < count; s++) {
      for (uint32_t i = begin; i < end; i++) {
        walker *w = &j->walkers[i];
        const float *inputs = w->inputs + s * w->cells.d->input_product.groups * EDGERNN_GROUP;
        edgernn_step_cells(j->model, j->layer, &w->cells, inputs, 1);
        if (j->layer->return_sequences) keep_state(j, w, i ? steps - 1 - (first + s) : first + s);
      }
    }
  }
  for (uint32_t i = begin; !j->layer->return_sequences && i < end; i++) {
    keep_state(j, &j->walkers[i], 0);
  }
}

/* On a copy of its own, as two threads would wait for each other's writes to one cache line. */
static void walk_one(void *argument, size_t direction) {
  job own = *(const job *)argument;
  walk(&own, (uint32_t)direction, (uint32_t)direction + 1);
}

static void open_walker(edgernn_arena *a, walker *w, const edgernn_direction *d, size_t steps,
                        int zero) {
  size_t rows = edgernn_gates(d->cell) * edgernn_padded(d->units);
  w->inputs = EDGERNN_TAKE(a, float, (steps < EDGERNN_CHUNK ? steps : EDGERNN_CHUNK) * rows);
  edgernn_open_cells(a, &w->cells, d, 1, zero);
}

EDGERNN_INTERNAL size_t edgernn_recurrent_bytes(const edgernn_layer *layer, size_t steps) {
  edgernn_arena a = {NULL, 0};
  walker w;
  for (uint32_t i = 0; i < layer->directions; i++) open_walker(&a, &w, &layer->direction[i], steps, 0);
  return a.used;
}

EDGERNN_INTERNAL void edgernn_merge(const edgernn_layer *layer, edgernn_sequence *y) {
  if (layer->directions != 2 || layer->merge == EDGERNN_CONCAT) return;
  size_t units = layer->direction[0].units;
  for (size_t t = 0; t < y->steps; t++) {
    const float *a = y->float32 + t * y->width, *b = a + units;
    float *out = y->float32 + t * units;
    for (size_t i = 0; i < units; i++) {
      float sum = a[i] + b[i];
      out[i] = layer->merge == EDGERNN_MUL ? a[i] * b[i] : layer->merge == EDGERNN_AVE ? sum / 2 : sum;
    }
  }
  y->width = units;
}

EDGERNN_INTERNAL void edgernn_run_recurrent(const edgernn_model *model, const edgernn_layer *layer,
                           const edgernn_sequence *x, edgernn_sequence *y, edgernn_arena a,
                           const edgernn_executor *executor) {
  job j;
  j.model = model;
  j.layer = layer;
  j.x = x;
  j.y = y;
  for (uint32_t i = 0; i < layer->directions; i++) {
    open_walker(&a, &j.walkers[i], &layer->direction[i], x->steps, model->kernels->input_offset);
  }
  y->steps = layer->return_sequences ? x->steps : 1;
  if (layer->directions == 2 && executor) {
    executor->run(executor->context, walk_one, &j);
  } else if (layer->is_int8) {
    /* The processor works at one direction while the other waits. */
    walk(&j, 0, layer->directions);
  } else {
    /* The float weights of both directions do not fit into the cache. */
    for (uint32_t i = 0; i < layer->directions; i++) walk(&j, i, i + 1);
  }
  edgernn_merge(layer, y);
}
