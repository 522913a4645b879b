/* A text's way through the layers. */
#include "internal.h"

#include <math.h>
#include <string.h>

/* Steps whose input products are made at a time: enough to reuse each weight that is loaded, few
 * enough to stay in the first-level cache. */
#define CHUNK 32

/* A sequence [T, width] of floats, or of int8 with a scale a step; a vector is one step. */
typedef struct sequence {
  float *float32;
  int8_t *int8;
  float *scales;
  size_t steps, width;
  ptrdiff_t scale_stride;
} sequence;

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

static size_t padded(size_t size) { return (size + EDGERNN_GROUP - 1) / EDGERNN_GROUP * EDGERNN_GROUP; }

static float activated(uint32_t activation, float x) {
  switch (activation) {
    case EDGERNN_RELU: return x < 0 ? 0 : x;
    case EDGERNN_RELU6: return x < 0 ? 0 : x > 6 ? 6 : x;
    case EDGERNN_TANH: return tanhf(x);
    case EDGERNN_SIGMOID: return 0.5f * tanhf(0.5f * x) + 0.5f;
    case EDGERNN_HARD_SIGMOID: x = x / 6 + 0.5f; return x < 0 ? 0 : x > 1 ? 1 : x;
    case EDGERNN_ELU: return x > 0 ? x : expm1f(x);
    case EDGERNN_SELU: return 1.0507009873554805f * (x > 0 ? x : 1.6732632423543772f * expm1f(x));
    case EDGERNN_SOFTPLUS: return x > 0 ? x + log1pf(expf(-x)) : log1pf(expf(x));
    case EDGERNN_SOFTSIGN: return x / (1 + fabsf(x));
    case EDGERNN_SILU: return x * (0.5f * tanhf(0.5f * x) + 0.5f);
    case EDGERNN_GELU: return 0.5f * x * (1 + erff(x * 0.70710678118654752f));
    default: return x;
  }
}

static void activate(const edgernn_kernel_table *kernels, uint32_t activation, float *values,
                     size_t count) {
  if (activation == EDGERNN_TANH) {
    kernels->tanh(values, count);
  } else if (activation == EDGERNN_SIGMOID) {
    kernels->sigmoid(values, count);
  } else if (activation != EDGERNN_LINEAR) {
    for (size_t i = 0; i < count; i++) values[i] = activated(activation, values[i]);
  }
}

/* ---- Recurrent layers ------------------------------------------------------------------------ */

static const float ONE = 1.0f;

/* out = base + U state, the state quantized where the layer's products are of integers. */
static void product_of_state(const edgernn_model *model, walker *w, int is_int8,
                             const float *state, const float *base, float *out) {
  edgernn_steps steps = {1, w->quantized, state, 0, &ONE, 0, base, 0, out, 0, w->descending};
  w->descending = !w->descending;
  if (is_int8) {
    model->kernels->quantize(state, w->quantized, padded(w->d->units));
    model->kernels->product_int8(&w->d->recurrent_product, &steps);
  } else {
    model->kernels->product_float32(&w->d->recurrent_product, &steps);
  }
}

static void lstm_step(const edgernn_model *model, const walker *w) {
  const edgernn_direction *d = w->d;
  size_t units = padded(d->units), blocks = units / EDGERNN_GROUP;
  if (d->activation == EDGERNN_TANH && d->gate_activation == EDGERNN_SIGMOID) {
    model->kernels->lstm(w->gates, w->cell, w->hidden, blocks);
    return;
  }
  for (size_t i = 0; i < units; i++) {
    const float *g = w->gates + i / EDGERNN_GROUP * 4 * EDGERNN_GROUP + i % EDGERNN_GROUP;
    float input = activated(d->gate_activation, g[0]);
    float forget = activated(d->gate_activation, g[EDGERNN_GROUP]);
    float candidate = activated(d->activation, g[2 * EDGERNN_GROUP]);
    float output = activated(d->gate_activation, g[3 * EDGERNN_GROUP]);
    w->cell[i] = forget * w->cell[i] + input * candidate;
    w->hidden[i] = output * activated(d->activation, w->cell[i]);
  }
}

/* `gates` holds the products with the state, which a GRU keeps apart from those of the inputs. */
static void gru_step(const edgernn_model *model, walker *w, const float *inputs, int is_int8) {
  const edgernn_direction *d = w->d;
  size_t units = padded(d->units);
  float *update = w->parts, *reset = w->parts + units, *candidate = w->parts + 2 * units;
  for (size_t i = 0; i < units; i++) {
    size_t at = i / EDGERNN_GROUP * 3 * EDGERNN_GROUP + i % EDGERNN_GROUP;
    update[i] = inputs[at] + w->gates[at];
    reset[i] = inputs[at + EDGERNN_GROUP] + w->gates[at + EDGERNN_GROUP];
  }
  activate(model->kernels, d->gate_activation, update, 2 * units);
  if (!d->reset_after) {
    for (size_t i = 0; i < units; i++) w->scaled[i] = reset[i] * w->hidden[i];
    product_of_state(model, w, is_int8, w->scaled, d->recurrent_bias, w->gates);
  }
  for (size_t i = 0; i < units; i++) {
    size_t at = (i / EDGERNN_GROUP * 3 + 2) * EDGERNN_GROUP + i % EDGERNN_GROUP;
    candidate[i] = inputs[at] + (d->reset_after ? reset[i] : 1.0f) * w->gates[at];
  }
  activate(model->kernels, d->activation, candidate, units);
  for (size_t i = 0; i < units; i++) {
    w->hidden[i] = update[i] * w->hidden[i] + (1 - update[i]) * candidate[i];
  }
}

static void step(const edgernn_model *model, walker *w, const float *inputs, int is_int8) {
  const edgernn_direction *d = w->d;
  const float *base = d->cell == EDGERNN_GRU ? d->recurrent_bias : inputs;
  product_of_state(model, w, is_int8, w->hidden, base, w->gates);
  if (d->cell == EDGERNN_LSTM) {
    lstm_step(model, w);
  } else if (d->cell == EDGERNN_GRU) {
    gru_step(model, w, inputs, is_int8);
  } else {
    memcpy(w->hidden, w->gates, padded(d->units) * sizeof *w->hidden);
    activate(model->kernels, d->activation, w->hidden, padded(d->units));
  }
}

/* Make the input products of the steps from `first`, in the order of the walk. */
static void make_inputs(const edgernn_model *model, const walker *w, const sequence *x, int is_int8,
                        size_t first, size_t count) {
  const edgernn_direction *d = w->d;
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
  if (is_int8) {
    steps.int8 = x->int8 + at * x->width;
    steps.scale = x->scales + (ptrdiff_t)at * x->scale_stride;
    steps.scale_stride = sign * x->scale_stride;
    model->kernels->product_int8(&d->input_product, &steps);
  } else {
    steps.float32 = x->float32 + at * x->width;
    model->kernels->product_float32(&d->input_product, &steps);
  }
}

static void open_walker(edgernn_arena *a, walker *w, const edgernn_direction *d, size_t steps) {
  size_t units = padded(d->units), rows = edgernn_gates(d->cell) * units;
  w->d = d;
  w->descending = 0;
  w->inputs = edgernn_take(a, (steps < CHUNK ? steps : CHUNK) * rows * sizeof(float));
  w->gates = edgernn_take(a, rows * sizeof(float));
  w->parts = edgernn_take(a, 3 * units * sizeof(float));
  w->hidden = edgernn_take(a, units * sizeof(float));
  w->cell = edgernn_take(a, units * sizeof(float));
  w->scaled = edgernn_take(a, units * sizeof(float));
  w->quantized = edgernn_take(a, units);
  if (a->memory) {
    memset(w->hidden, 0, units * sizeof(float));
    memset(w->cell, 0, units * sizeof(float));
  }
}

/* Whether the layer's output is read as integers: by a recurrent layer of integer products. */
static int gives_int8(const edgernn_model *model, uint32_t index) {
  return index + 1 < model->layer_count && model->layers[index + 1].is_int8;
}

/* Put a direction's state where it stands in the output: at its step, beside the other's. */
static void keep_state(const edgernn_model *model, const walker *w, sequence *y, size_t place,
                       size_t column) {
  if (y->int8) {
    if (w->d->units % EDGERNN_GROUP == 0) {
      model->kernels->quantize(w->hidden, y->int8 + place * y->width + column, padded(w->d->units));
      return;
    }
    for (size_t i = 0; i < w->d->units; i++) {
      y->int8[place * y->width + column + i] = (int8_t)lrintf(w->hidden[i] * 127.0f);
    }
  } else {
    memcpy(y->float32 + place * y->width + column, w->hidden, w->d->units * sizeof(float));
  }
}

static void merge(const edgernn_layer *layer, sequence *y) {
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

static void run_recurrent(const edgernn_model *model, const edgernn_layer *layer, sequence *x,
                          sequence *y, edgernn_arena a) {
  walker walkers[2];
  size_t steps = x->steps;
  for (uint32_t i = 0; i < layer->directions; i++) {
    open_walker(&a, &walkers[i], &layer->direction[i], steps);
  }
  y->steps = layer->return_sequences ? steps : 1;
  for (size_t first = 0; first < steps; first += CHUNK) {
    size_t count = steps - first < CHUNK ? steps - first : CHUNK;
    for (uint32_t i = 0; i < layer->directions; i++) {
      make_inputs(model, &walkers[i], x, (int)layer->is_int8, first, count);
    }
    /* Directions of integers take turns at each step, so that the processor works at one while the
     * other waits; those of floats at each chunk, as the weights of both do not fit into the cache. */
    size_t turn = layer->is_int8 ? 1 : count;
    for (size_t from = 0; from < count; from += turn) {
      for (uint32_t i = 0; i < layer->directions; i++) {
        for (size_t s = from; s < from + turn; s++) {
          walker *w = &walkers[i];
          size_t rows = (size_t)w->d->input_product.groups * EDGERNN_GROUP;
          step(model, w, w->inputs + s * rows, (int)layer->is_int8);
          if (layer->return_sequences) {
            size_t place = i ? steps - 1 - (first + s) : first + s;
            keep_state(model, w, y, place, i ? walkers[0].d->units : 0);
          }
        }
      }
    }
  }
  for (uint32_t i = 0; !layer->return_sequences && i < layer->directions; i++) {
    keep_state(model, &walkers[i], y, 0, i ? walkers[0].d->units : 0);
  }
  if (layer->directions == 2 && layer->merge != EDGERNN_CONCAT) merge(layer, y);
}

/* ---- Other layers ---------------------------------------------------------------------------- */

static void run_dense(const edgernn_layer *layer, const sequence *x, sequence *y) {
  y->steps = x->steps;
  y->width = layer->output_size;
  for (size_t t = 0; t < x->steps; t++) {
    for (uint32_t row = 0; row < layer->output_size; row++) {
      float sum = edgernn_dot(&layer->weights, row, x->float32 + t * x->width);
      sum += edgernn_value(&layer->bias, 0, row);
      y->float32[t * y->width + row] = activated(layer->activation, sum);
    }
  }
}

static void run_pooling(const edgernn_layer *layer, const sequence *x, sequence *y) {
  y->steps = 1;
  y->width = layer->output_size;
  for (uint32_t i = 0; i < layer->output_size; i++) {
    float value = x->float32[i];
    for (size_t t = 1; t < x->steps; t++) {
      float other = x->float32[t * x->width + i];
      if (layer->reduction == EDGERNN_AVERAGE) {
        value += other;
      } else if (!(other <= value)) {
        value = other;
      }
    }
    if (layer->reduction == EDGERNN_AVERAGE) {
      value /= (float)x->steps;
    } else if (x->steps < layer->padded_length) {
      float pad = edgernn_value(&layer->pad_row, 0, i);
      value = pad > value ? pad : value;
    }
    y->float32[i] = value;
  }
}

/* ---- A text ---------------------------------------------------------------------------------- */

/* Bytes of a layer's output, and before the first layer of the embedded text. */
static size_t sequence_bytes(const edgernn_model *model, uint32_t index, size_t steps) {
  const edgernn_layer *layer = &model->layers[index];
  size_t width = layer->output_size;
  if (layer->kind == EDGERNN_RECURRENT && layer->directions == 2) {
    width = (size_t)layer->direction[0].units + layer->direction[1].units;
  }
  if (!layer->is_sequence) steps = 1;
  return gives_int8(model, index) ? steps * padded(width) : steps * width * sizeof(float);
}

static void open_output(edgernn_arena *a, const edgernn_model *model, uint32_t index, size_t steps,
                        sequence *y) {
  const edgernn_layer *layer = &model->layers[index];
  void *memory = edgernn_take(a, sequence_bytes(model, index, steps));
  memset(y, 0, sizeof *y);
  y->width = layer->output_size;
  if (layer->kind == EDGERNN_RECURRENT && layer->directions == 2) {
    y->width = (size_t)layer->direction[0].units + layer->direction[1].units;
  }
  if (gives_int8(model, index)) {
    /* The scale of a state is fixed: 1/127, one for all steps. */
    static const float scale = 1.0f / 127.0f;
    y->width = padded(y->width);
    y->int8 = memory;
    y->scales = (float *)(uintptr_t)&scale;
    if (memory) memset(memory, 0, sequence_bytes(model, index, steps));
  } else {
    y->float32 = memory;
  }
}

static void open_text(edgernn_arena *a, const edgernn_model *model, size_t steps, sequence *x) {
  memset(x, 0, sizeof *x);
  x->steps = steps;
  x->width = (model->embedding.columns + 3) / 4 * 4;
  if (model->layers[0].is_int8) {
    x->int8 = edgernn_take(a, steps * x->width);
    x->scales = edgernn_take(a, steps * sizeof(float));
    x->scale_stride = 1;
  } else {
    x->float32 = edgernn_take(a, steps * x->width * sizeof(float));
  }
}

static void embed(const edgernn_model *model, const int32_t *ids, sequence *x) {
  const edgernn_tensor *table = &model->embedding;
  uint32_t columns = table->columns;
  for (size_t t = 0; t < x->steps; t++) {
    uint32_t id = (uint32_t)ids[t];
    if (x->int8) {
      memset(x->int8 + t * x->width, 0, x->width);
      memcpy(x->int8 + t * x->width, (const int8_t *)table->values + (size_t)id * columns, columns);
      x->scales[t] = edgernn_scale(table, id);
      continue;
    }
    for (uint32_t k = 0; k < x->width; k++) {
      x->float32[t * x->width + k] = k < columns ? edgernn_value(table, id, k) : 0.0f;
    }
  }
}

/* Room for the text, all layers' outputs, and the walkers of the layer that needs the most. */
size_t edgernn_scratch_size(const edgernn_model *model, size_t count) {
  edgernn_arena a = {NULL, 0};
  size_t most = 0;
  sequence unused;
  open_text(&a, model, count, &unused);
  for (uint32_t i = 0; i < model->layer_count; i++) {
    const edgernn_layer *layer = &model->layers[i];
    edgernn_arena walkers = {NULL, 0};
    open_output(&a, model, i, count, &unused);
    for (uint32_t j = 0; j < layer->directions; j++) {
      walker w;
      open_walker(&walkers, &w, &layer->direction[j], count);
    }
    most = walkers.used > most ? walkers.used : most;
  }
  return a.used + most;
}

static void answer(const edgernn_model *model, const float *logits, float *probabilities) {
  size_t count = edgernn_outputs(model);
  if (model->head != EDGERNN_MULTICLASS) {
    for (size_t i = 0; i < count; i++) {
      probabilities[i] = activated(EDGERNN_SIGMOID, logits[i]);
    }
    return;
  }
  float largest = logits[0], sum = 0;
  for (size_t i = 1; i < count; i++) largest = logits[i] > largest ? logits[i] : largest;
  for (size_t i = 0; i < count; i++) sum += probabilities[i] = expf(logits[i] - largest);
  for (size_t i = 0; i < count; i++) probabilities[i] /= sum;
}

edgernn_status edgernn_predict_ids(const edgernn_model *model, const int32_t *ids, size_t count,
                                   void *scratch, size_t scratch_bytes, float *probabilities) {
  edgernn_arena a = {scratch, 0};
  sequence x, y;
  if (count == 0) return EDGERNN_IDS;
  for (size_t t = 0; t < count; t++) {
    if (ids[t] < 0 || (uint32_t)ids[t] >= model->embedding.rows) return EDGERNN_IDS;
  }
  if (scratch_bytes < edgernn_scratch_size(model, count)) return EDGERNN_MEMORY;
  if ((uintptr_t)scratch % EDGERNN_ALIGNMENT_BYTES) return EDGERNN_ALIGNMENT;
  open_text(&a, model, count, &x);
  embed(model, ids, &x);
  for (uint32_t i = 0; i < model->layer_count; i++) {
    const edgernn_layer *layer = &model->layers[i];
    open_output(&a, model, i, x.steps, &y);
    if (layer->kind == EDGERNN_RECURRENT) {
      run_recurrent(model, layer, &x, &y, a);
    } else if (layer->kind == EDGERNN_DENSE) {
      run_dense(layer, &x, &y);
    } else {
      run_pooling(layer, &x, &y);
    }
    x = y;
  }
  answer(model, x.float32, probabilities);
  return EDGERNN_OK;
}
