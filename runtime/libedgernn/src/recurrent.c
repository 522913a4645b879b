/* Recurrent layers: the walk of one or two directions over a sequence. */
#include "recurrent.h"

/* Return the column of the output at which a direction's states begin. */
static size_t column_of(const edgernn_walk *k, const edgernn_walker *w) {
  return w == &k->walkers[1] ? k->walkers[0].cells.d->units : 0;
}

/* Copy a direction's state to the output: at its step, next to the other direction's. */
static void keep_state(const edgernn_walk *k, const edgernn_walker *w, size_t place) {
  size_t at = place * k->y->width + column_of(k, w);
  if (k->y->int8) {
    memcpy(k->y->int8 + at, w->cells.quantized, w->cells.d->units);
  } else {
    memcpy(k->y->float32 + at, w->cells.hidden, w->cells.d->units * sizeof(float));
  }
}

/* Make the input products of the steps from `first`, in the order of the walk. */
static void make_inputs(const edgernn_walk *k, edgernn_walker *w, size_t first, size_t count, size_t prepared) {
  const edgernn_direction *d = w->cells.d;
  const edgernn_sequence *x = k->x;
  size_t at = d->reverse ? k->steps - 1 - first : first;
  ptrdiff_t sign = d->reverse ? -1 : 1;
  ptrdiff_t width = (ptrdiff_t)d->input_product.groups * EDGERNN_GROUP;
  edgernn_steps steps;
  if (k->ids) {
    w->text.steps = count;
    edgernn_embed(k->model, k->ids + at, sign, &w->text);
    x = &w->text;
    at = 0;
    sign = 1;
  }
  memset(&steps, 0, sizeof steps);
  steps.count = count;
  steps.stride = sign * (ptrdiff_t)x->width;
  steps.base = d->input_bias;
  steps.out = w->inputs;
  steps.out_stride = width;
  steps.prepared = prepared;
  if (k->layer->is_int8 || !EDGERNN_HAS_FLOAT) {
    steps.int8 = x->int8 + at * x->width;
    steps.scale = x->scales + (ptrdiff_t)at * x->scale_stride;
    steps.scale_stride = sign * x->scale_stride;
    k->model->kernels->product_int8(&d->input_product, &steps);
  } else {
    steps.float32 = x->float32 + at * x->width;
    k->model->kernels->product_float32(&d->input_product, &steps);
  }
}

/* Take a step, and hand its state on. */
static void take_step(const edgernn_walk *k, edgernn_walker *w, const float *inputs, size_t place) {
  edgernn_step_cells(k->model, k->layer, &w->cells, inputs, 1);
  if (k->pooling) {
    edgernn_pool_step(k->model->kernels, k->pooling, w->cells.hidden, !w->is_begun, column_of(k, w),
                      w->cells.d->units, k->y->float32);
  } else if (k->layer->return_sequences) {
    keep_state(k, w, place);
  }
  w->is_begun = 1;
}

/* Walk the directions from `begin` up to `end`, which take turns at each step. */
static void walk(edgernn_walk *k, uint32_t begin, uint32_t end) {
  const edgernn_kernel_table *kernels = k->model->kernels;
  uint32_t depth = k->walkers[begin].cells.d->input_product.depth;
  size_t prepared = 0;
  int prepares = EDGERNN_HAS_AMX && k->layer->is_int8 && kernels->tiles && k->steps >= EDGERNN_CHUNK;
  if (prepares) prepared = kernels->tiles->prepare(depth, depth, EDGERNN_CHUNK);
  for (size_t first = 0; first < k->steps; first += EDGERNN_CHUNK) {
    size_t count = k->steps - first < EDGERNN_CHUNK ? k->steps - first : EDGERNN_CHUNK;
    for (uint32_t i = begin; i < end; i++) make_inputs(k, &k->walkers[i], first, count, prepared);
    for (size_t s = 0; s < count; s++) {
      for (uint32_t i = begin; i < end; i++) {
        edgernn_walker *w = &k->walkers[i];
        const float *inputs = w->inputs + s * w->cells.d->input_product.groups * EDGERNN_GROUP;
        take_step(k, w, inputs, i ? k->steps - 1 - (first + s) : first + s);
      }
    }
  }
  if (prepares) kernels->tiles->release();
}

/* On a copy of its own, as two threads would wait for each other's writes to one cache line. */
static void walk_one(void *argument, size_t direction) {
  edgernn_walk own = *(const edgernn_walk *)argument;
  walk(&own, (uint32_t)direction, (uint32_t)direction + 1);
}

EDGERNN_INTERNAL void edgernn_open_walk(edgernn_arena *a, edgernn_arena *work, edgernn_walk *k,
                                        const edgernn_model *model, const edgernn_layer *layer, size_t steps,
                                        int reads_ids) {
  size_t block = steps < EDGERNN_CHUNK ? steps : EDGERNN_CHUNK;
  memset(k, 0, sizeof *k);
  k->model = model;
  k->layer = layer;
  for (uint32_t i = 0; i < layer->directions; i++) {
    edgernn_walker *w = &k->walkers[i];
    const edgernn_direction *d = &layer->direction[i];
    w->inputs = EDGERNN_TAKE(work, float, block * edgernn_gates(d->cell) * edgernn_padded(d->units));
    edgernn_open_cells(a, work, &w->cells, d, 1, model->kernels->input_offset);
    if (reads_ids) edgernn_open_text(work, model, block, &w->text);
  }
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

EDGERNN_INTERNAL void edgernn_walk_on(edgernn_walk *k, const edgernn_executor *executor) {
  const edgernn_layer *layer = k->layer;
  if (layer->directions == 2 && executor) {
    executor->run(executor->context, walk_one, k);
  } else if (layer->is_int8) {
    /* The processor works at one direction while the other waits. */
    walk(k, 0, layer->directions);
  } else {
    /* The float weights of both directions do not fit into the cache. */
    for (uint32_t i = 0; i < layer->directions; i++) walk(k, i, i + 1);
  }
}

EDGERNN_INTERNAL void edgernn_finish_walk(edgernn_walk *k, size_t steps) {
  if (k->pooling) {
    edgernn_finish_pooling(k->pooling, steps, k->y->float32);
    return;
  }
  for (uint32_t i = 0; !k->layer->return_sequences && i < k->layer->directions; i++) {
    keep_state(k, &k->walkers[i], 0);
  }
  edgernn_merge(k->layer, k->y);
}

EDGERNN_INTERNAL size_t edgernn_recurrent_bytes(const edgernn_model *model, const edgernn_layer *layer,
                                                size_t steps) {
  edgernn_arena a = {NULL, 0};
  edgernn_walk unused;
  edgernn_open_walk(&a, &a, &unused, model, layer, steps, 0);
  return a.used;
}

EDGERNN_INTERNAL void edgernn_run_recurrent(const edgernn_model *model, const edgernn_layer *layer,
                                            const edgernn_sequence *x, edgernn_sequence *y, edgernn_arena a,
                                            const edgernn_executor *executor) {
  edgernn_walk k;
  edgernn_open_walk(&a, &a, &k, model, layer, x->steps, 0);
  k.x = x;
  k.steps = x->steps;
  k.y = y;
  y->steps = layer->return_sequences ? x->steps : 1;
  edgernn_walk_on(&k, executor);
  edgernn_finish_walk(&k, x->steps);
}
