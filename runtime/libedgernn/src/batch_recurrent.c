/* A recurrent layer over several texts: at each step, one product for the inputs of all texts, and one for
 * their states. Texts are ordered by length, so that those which are not at their end come first. */
#include "batch.h"
#include "cells.h"

/* One direction under way, with the inputs of a step [texts, width] and their products. */
typedef struct batch_walker {
  edgernn_cells cells;
  edgernn_sequence inputs;
  float *products;
} batch_walker;

/* A layer under way. */
typedef struct batch_job {
  edgernn_batch_layer b;
  const edgernn_layer *layer, *pooling;
  batch_walker walkers[2];
} batch_job;

static const edgernn_sequence *input_of(const batch_job *j, size_t text) {
  return j->b.values + text * j->b.stride + j->b.index;
}

/* The layer's output; of a layer that is pooled, the pooling's. */
static edgernn_sequence *output_of(const batch_job *j, size_t text) {
  return j->b.values + text * j->b.stride + j->b.index + (j->pooling ? 2 : 1);
}

/* Bring the inputs of step `t` of the walk over each text side by side. */
static void gather_inputs(const batch_job *j, batch_walker *w, size_t t, size_t texts) {
  int32_t ids[EDGERNN_MOST_TEXTS];
  edgernn_sequence *inputs = &w->inputs;
  inputs->steps = texts;
  for (size_t i = 0; i < texts; i++) {
    const edgernn_sequence *x = input_of(j, i);
    size_t at = w->cells.d->reverse ? x->steps - 1 - t : t;
    if (j->b.texts) {
      ids[i] = j->b.texts[i].ids[at];
    } else if (x->int8) {
      memcpy(inputs->int8 + i * inputs->width, x->int8 + at * x->width, x->width);
    } else {
      memcpy(inputs->float32 + i * inputs->width, x->float32 + at * x->width, x->width * sizeof(float));
    }
  }
  if (j->b.texts) edgernn_embed(j->b.model, ids, 1, inputs);
}

/* Take a step of the texts whose inputs are gathered. */
static void take_batch_step(const batch_job *j, batch_walker *w) {
  const edgernn_model *model = j->b.model;
  const edgernn_direction *d = w->cells.d;
  const edgernn_sequence *x = &w->inputs;
  ptrdiff_t width = (ptrdiff_t)x->width, rows = (ptrdiff_t)d->input_product.groups * EDGERNN_GROUP;
  edgernn_steps steps = {x->steps, x->int8, x->float32, width, x->scales, x->scale_stride, d->input_bias, 0, w->products, rows,
                         0, edgernn_prepared(&w->cells), 0};
#if EDGERNN_HAS_AMX
  if (edgernn_step_inputs(model, &w->cells, &steps)) return;
#endif
  if (j->layer->is_int8) {
    model->kernels->product_int8(&d->input_product, &steps);
  } else {
    model->kernels->product_float32(&d->input_product, &steps);
  }
  edgernn_step_cells(model, j->layer, &w->cells, w->products, x->steps);
}

/* Hand on the states of a step: to the pooling, or next to the other direction's in a sequence; without
 * either, those of the texts that end. */
static void keep_states(const batch_job *j, const batch_walker *w, size_t t, size_t texts) {
  size_t is_second = w == &j->walkers[1], units = w->cells.d->units, padded = edgernn_padded(units);
  size_t column = is_second ? j->walkers[0].cells.d->units : 0;
  for (size_t i = 0; i < texts; i++) {
    const edgernn_sequence *x = input_of(j, i), *y = output_of(j, i);
    const float *hidden = w->cells.hidden + i * padded;
    if (j->pooling) {
      edgernn_pool_step(j->b.model->kernels, j->pooling, hidden, !t, column, units, y->float32);
      continue;
    }
    if (!j->layer->return_sequences && t + 1 < x->steps) continue;
    size_t place = !j->layer->return_sequences ? 0 : is_second ? x->steps - 1 - t : t;
    size_t at = place * y->width + column;
    if (y->int8) {
      memcpy(y->int8 + at, w->cells.quantized + i * padded, units);
    } else {
      memcpy(y->float32 + at, hidden, units * sizeof(float));
    }
  }
}

/* Prepare the processor's tiles for this number of texts; 0 releases them. */
static void prepare_tiles(const batch_job *j, edgernn_cells *c, size_t texts) {
#if EDGERNN_HAS_AMX
  const edgernn_tile_kernels *tiles = j->b.model->kernels->tiles;
  if (!tiles || !j->layer->is_int8) return;
  if (texts) {
    c->prepared = tiles->prepare(c->d->input_product.depth, c->d->recurrent_product.depth, texts);
  } else {
    tiles->release();
  }
#else
  (void)j, (void)c, (void)texts;
#endif
}

/* Walk one direction over all texts, on a copy: two threads would wait for each other's writes to one
 * cache line. */
static void walk_batch(void *argument, size_t direction) {
  batch_job j = *(const batch_job *)argument;
  batch_walker *w = &j.walkers[direction];
  for (size_t t = 0, texts = 0; t < input_of(&j, 0)->steps; t++) {
    size_t before = texts;
    for (texts = t ? texts : j.b.count; input_of(&j, texts - 1)->steps <= t;) texts--;
    if (texts != before) prepare_tiles(&j, &w->cells, texts);
    gather_inputs(&j, w, t, texts);
    take_batch_step(&j, w);
    keep_states(&j, w, t, texts);
  }
  prepare_tiles(&j, &w->cells, 0);
}

static void open_job(edgernn_arena *a, batch_job *j, const edgernn_batch_layer *b) {
  memset(j, 0, sizeof *j);
  j->b = *b;
  j->layer = &b->model->layers[b->index];
  if (edgernn_pools_states(b->model, b->index)) j->pooling = j->layer + 1;
  for (uint32_t i = 0; i < j->layer->directions; i++) {
    batch_walker *w = &j->walkers[i];
    const edgernn_direction *d = &j->layer->direction[i];
    edgernn_open_cells(a, a, &w->cells, d, b->count, b->model->kernels->input_offset);
    if (b->texts) {
      edgernn_open_text(a, b->model, b->count, &w->inputs);
    } else {
      edgernn_open_output(a, b->model, b->index - 1, b->count, &w->inputs);
    }
    /* A GRU needs them apart from the products with the state, and so do kernels that add where they write. */
    size_t rows = edgernn_gates(d->cell) * edgernn_padded(d->units);
    int is_apart = d->cell == EDGERNN_GRU || EDGERNN_SMALL_CORE;
    w->products = is_apart ? EDGERNN_TAKE(a, float, b->count * rows) : w->cells.gates;
  }
}

EDGERNN_INTERNAL size_t edgernn_batch_recurrent_bytes(const edgernn_batch_layer *b) {
  edgernn_arena a = {NULL, 0};
  batch_job unused;
  open_job(&a, &unused, b);
  return a.used;
}

EDGERNN_INTERNAL void edgernn_batch_recurrent(const edgernn_batch_layer *b, edgernn_arena a,
                                              const edgernn_executor *executor) {
  batch_job j;
  open_job(&a, &j, b);
  if (j.layer->directions == 2 && executor) {
    executor->run(executor->context, walk_batch, &j);
  } else {
    for (uint32_t i = 0; i < j.layer->directions; i++) walk_batch(&j, i);
  }
  for (size_t i = 0; i < b->count; i++) {
    size_t steps = input_of(&j, i)->steps;
    edgernn_sequence *y = output_of(&j, i);
    y->steps = j.layer->return_sequences && !j.pooling ? steps : 1;
    if (j.pooling) {
      edgernn_finish_pooling(j.pooling, steps, y->float32);
    } else {
      edgernn_merge(j.layer, y);
    }
  }
}
