/* Recurrent layers: the walk of one or two directions over a sequence. */
#include "layers.h"

/* Steps whose input products are made at a time: enough to reuse each weight that is loaded, few
 * enough to stay in the first-level cache. */
#define CHUNK 32

/* One direction under way. */
typedef struct walker {
  const edgernn_direction *d;
  /* Input products of a chunk of steps [CHUNK, groups * 16]. */
  float *inputs;
  /* Products with the state, and parts of it for a GRU [groups * 16]. */
  float *gates, *parts;
  float *hidden, *cell, *scaled;
  int8_t *quantized;
  /* Whether the next product goes through the weights from their end: the half that the last one left
   * in the cache is then used before it is replaced. */
  int descending;
} walker;

/* A layer under way. */
typedef struct job {
  const edgernn_model *model;
  const edgernn_layer *layer;
  const edgernn_sequence *x;
  edgernn_sequence *y;
  walker walkers[2];
} job;

static void activate(const edgernn_kernel_table *kernels, uint32_t activation, float *values,
                     size_t count) {
  if (activation == EDGERNN_TANH) {
    kernels->tanh(values, count);
  } else if (activation == EDGERNN_SIGMOID) {
    kernels->sigmoid(values, count);
  } else if (activation != EDGERNN_LINEAR) {
    for (size_t i = 0; i < count; i++) values[i] = edgernn_activated(activation, values[i]);
  }
}

/* The scale of a quantized state. */
static const float STATE_SCALE = 1.0f / 127.0f;

/* out = base + U state, of the quantized state where the layer's products are of integers. */
static void product_of_state(const job *j, walker *w, const float *state, const float *base) {
  edgernn_steps steps = {1, w->quantized, state, 0, &STATE_SCALE, 0, base, 0, w->gates, 0, w->descending};
  w->descending = !w->descending;
  if (j->layer->is_int8) {
    j->model->kernels->product_int8(&w->d->recurrent_product, &steps);
  } else {
    j->model->kernels->product_float32(&w->d->recurrent_product, &steps);
  }
}

static void quantize(const job *j, const walker *w, const float *state) {
  if (j->layer->is_int8) {
    j->model->kernels->quantize(state, w->quantized, edgernn_padded(w->d->units));
  }
}

static void lstm_step(const edgernn_model *model, const walker *w) {
  const edgernn_direction *d = w->d;
  size_t units = edgernn_padded(d->units), blocks = units / EDGERNN_GROUP;
  if (d->activation == EDGERNN_TANH && d->gate_activation == EDGERNN_SIGMOID) {
    model->kernels->lstm(w->gates, w->cell, w->hidden, blocks);
    return;
  }
  for (size_t i = 0; i < units; i++) {
    const float *g = w->gates + i / EDGERNN_GROUP * 4 * EDGERNN_GROUP + i % EDGERNN_GROUP;
    float input = edgernn_activated(d->gate_activation, g[0]);
    float forget = edgernn_activated(d->gate_activation, g[EDGERNN_GROUP]);
    float candidate = edgernn_activated(d->activation, g[2 * EDGERNN_GROUP]);
    float output = edgernn_activated(d->gate_activation, g[3 * EDGERNN_GROUP]);
    w->cell[i] = forget * w->cell[i] + input * candidate;
    w->hidden[i] = output * edgernn_activated(d->activation, w->cell[i]);
  }
}

/* `gates` contains the products with the state; a GRU needs them apart from those of the inputs. */
static void gru_step(const job *j, walker *w, const float *inputs) {
  const edgernn_direction *d = w->d;
  const edgernn_kernel_table *kernels = j->model->kernels;
  size_t units = edgernn_padded(d->units);
  float *update = w->parts, *reset = w->parts + units, *candidate = w->parts + 2 * units;
  for (size_t i = 0; i < units; i++) {
    size_t at = i / EDGERNN_GROUP * 3 * EDGERNN_GROUP + i % EDGERNN_GROUP;
    update[i] = inputs[at] + w->gates[at];
    reset[i] = inputs[at + EDGERNN_GROUP] + w->gates[at + EDGERNN_GROUP];
  }
  activate(kernels, d->gate_activation, update, 2 * units);
  if (!d->reset_after) {
    for (size_t i = 0; i < units; i++) w->scaled[i] = reset[i] * w->hidden[i];
    quantize(j, w, w->scaled);
    product_of_state(j, w, w->scaled, d->recurrent_bias);
  }
  for (size_t i = 0; i < units; i++) {
    size_t at = (i / EDGERNN_GROUP * 3 + 2) * EDGERNN_GROUP + i % EDGERNN_GROUP;
    candidate[i] = inputs[at] + (d->reset_after ? reset[i] : 1.0f) * w->gates[at];
  }
  activate(kernels, d->activation, candidate, units);
  for (size_t i = 0; i < units; i++) {
    w->hidden[i] = update[i] * w->hidden[i] + (1 - update[i]) * candidate[i];
  }
}

/* Copy a direction's state to the output: at its step, next to the other direction's. */
static void keep_state(const job *j, const walker *w, size_t place) {
  size_t column = w == &j->walkers[1] ? j->walkers[0].d->units : 0;
  size_t at = place * j->y->width + column;
  if (j->y->int8) {
    memcpy(j->y->int8 + at, w->quantized, w->d->units);
  } else {
    memcpy(j->y->float32 + at, w->hidden, w->d->units * sizeof(float));
  }
}

/* Take a direction's next step, whose input products are `inputs`. */
static void advance(const job *j, walker *w, const float *inputs) {
  const edgernn_direction *d = w->d;
  product_of_state(j, w, w->hidden, d->cell == EDGERNN_GRU ? d->recurrent_bias : inputs);
  if (d->cell == EDGERNN_LSTM) {
    lstm_step(j->model, w);
  } else if (d->cell == EDGERNN_GRU) {
    gru_step(j, w, inputs);
  } else {
    memcpy(w->hidden, w->gates, edgernn_padded(d->units) * sizeof *w->hidden);
    activate(j->model->kernels, d->activation, w->hidden, edgernn_padded(d->units));
  }
  quantize(j, w, w->hidden);
}

/* Make the input products of the steps from `first`, in the order of the walk. */
static void make_inputs(const job *j, const walker *w, size_t first, size_t count) {
  const edgernn_direction *d = w->d;
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
  if (j->layer->is_int8) {
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
  for (size_t first = 0; first < steps; first += CHUNK) {
    size_t count = steps - first < CHUNK ? steps - first : CHUNK;
    for (uint32_t i = begin; i < end; i++) make_inputs(j, &j->walkers[i], first, count);
    for (size_t s = 0; s < count; s++) {
      for (uint32_t i = begin; i < end; i++) {
        walker *w = &j->walkers[i];
        advance(j, w, w->inputs + s * w->d->input_product.groups * EDGERNN_GROUP);
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
  size_t units = edgernn_padded(d->units), rows = edgernn_gates(d->cell) * units;
  w->d = d;
  w->descending = 0;
  w->inputs = EDGERNN_TAKE(a, float, (steps < CHUNK ? steps : CHUNK) * rows);
  w->gates = EDGERNN_TAKE(a, float, rows);
  w->parts = EDGERNN_TAKE(a, float, 3 * units);
  w->hidden = EDGERNN_TAKE(a, float, units);
  w->cell = EDGERNN_TAKE(a, float, units);
  w->scaled = EDGERNN_TAKE(a, float, units);
  w->quantized = EDGERNN_TAKE(a, int8_t, units);
  if (a->memory) {
    memset(w->hidden, 0, units * sizeof(float));
    memset(w->cell, 0, units * sizeof(float));
    memset(w->quantized, zero, units);
  }
}

EDGERNN_INTERNAL size_t edgernn_recurrent_bytes(const edgernn_layer *layer, size_t steps) {
  edgernn_arena a = {NULL, 0};
  walker w;
  for (uint32_t i = 0; i < layer->directions; i++) open_walker(&a, &w, &layer->direction[i], steps, 0);
  return a.used;
}

static void merge(const edgernn_layer *layer, edgernn_sequence *y) {
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
  if (layer->directions == 2 && layer->merge != EDGERNN_CONCAT) merge(layer, y);
}
