/* One step of LSTM, GRU and plain cells. */
#include "cells.h"

static const float state_scale = 1.0f / 127.0f;

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

/* gates = base + U state of each text, of the quantized state where the layer's products are of integers. */
static void product_of_state(const edgernn_model *model, const edgernn_layer *layer, edgernn_cells *c,
                             const float *state, const float *base, ptrdiff_t base_stride, size_t texts) {
  ptrdiff_t units = (ptrdiff_t)edgernn_padded(c->d->units), rows = (ptrdiff_t)edgernn_gates(c->d->cell) * units;
  edgernn_steps steps = {texts, c->quantized, state, units, &state_scale, 0, base, base_stride, c->gates, rows,
                         c->descending, edgernn_prepared(c), 1};
  c->descending = !c->descending;
  if (layer->is_int8 || !EDGERNN_HAS_FLOAT) {
    model->kernels->product_int8(&c->d->recurrent_product, &steps);
  } else {
    model->kernels->product_float32(&c->d->recurrent_product, &steps);
  }
}

static void quantize(const edgernn_model *model, const edgernn_layer *layer, const edgernn_cells *c,
                     const float *state, size_t texts) {
  if (layer->is_int8) model->kernels->quantize(state, c->quantized, texts * edgernn_padded(c->d->units));
}

/* Whether the activations of an LSTM are those of Keras. */
static int is_usual(const edgernn_direction *d) {
  return d->activation == EDGERNN_TANH && d->gate_activation == EDGERNN_SIGMOID;
}

static void lstm_step(const edgernn_model *model, const edgernn_cells *c, size_t texts) {
  const edgernn_direction *d = c->d;
  size_t units = texts * edgernn_padded(d->units), blocks = units / EDGERNN_GROUP;
  if (is_usual(d)) {
    model->kernels->lstm(c->gates, c->cell, c->hidden, blocks);
    return;
  }
  for (size_t i = 0; i < units; i++) {
    const float *g = c->gates + i / EDGERNN_GROUP * 4 * EDGERNN_GROUP + i % EDGERNN_GROUP;
    float input = edgernn_activated(d->gate_activation, g[0]);
    float forget = edgernn_activated(d->gate_activation, g[EDGERNN_GROUP]);
    float candidate = edgernn_activated(d->activation, g[2 * EDGERNN_GROUP]);
    float output = edgernn_activated(d->gate_activation, g[3 * EDGERNN_GROUP]);
    c->cell[i] = forget * c->cell[i] + input * candidate;
    c->hidden[i] = output * edgernn_activated(d->activation, c->cell[i]);
  }
}

/* `gates` contains the products with the state; a GRU needs them apart from those of the inputs. */
static void gru_step(const edgernn_model *model, const edgernn_layer *layer, edgernn_cells *c,
                     const float *inputs, size_t texts) {
  const edgernn_direction *d = c->d;
  const edgernn_kernel_table *kernels = model->kernels;
  size_t units = texts * edgernn_padded(d->units);
  float *update = c->parts, *reset = c->parts + units, *candidate = c->parts + 2 * units;
  for (size_t i = 0; i < units; i++) {
    size_t at = i / EDGERNN_GROUP * 3 * EDGERNN_GROUP + i % EDGERNN_GROUP;
    update[i] = inputs[at] + c->gates[at];
    reset[i] = inputs[at + EDGERNN_GROUP] + c->gates[at + EDGERNN_GROUP];
  }
  activate(kernels, d->gate_activation, update, 2 * units);
  if (!d->reset_after) {
    for (size_t i = 0; i < units; i++) c->scaled[i] = reset[i] * c->hidden[i];
    quantize(model, layer, c, c->scaled, texts);
    product_of_state(model, layer, c, c->scaled, d->recurrent_bias, 0, texts);
  }
  for (size_t i = 0; i < units; i++) {
    size_t at = (i / EDGERNN_GROUP * 3 + 2) * EDGERNN_GROUP + i % EDGERNN_GROUP;
    candidate[i] = inputs[at] + (d->reset_after ? reset[i] : 1.0f) * c->gates[at];
  }
  activate(kernels, d->activation, candidate, units);
  for (size_t i = 0; i < units; i++) {
    c->hidden[i] = update[i] * c->hidden[i] + (1 - update[i]) * candidate[i];
  }
}

EDGERNN_INTERNAL void edgernn_step_cells(const edgernn_model *model, const edgernn_layer *layer,
                                         edgernn_cells *c, const float *inputs, size_t texts) {
  const edgernn_direction *d = c->d;
  size_t units = texts * edgernn_padded(d->units);
  if (EDGERNN_HAS_GRU && d->cell == EDGERNN_GRU) {
    product_of_state(model, layer, c, c->hidden, d->recurrent_bias, 0, texts);
    gru_step(model, layer, c, inputs, texts);
  } else {
    ptrdiff_t rows = (ptrdiff_t)(edgernn_gates(d->cell) * edgernn_padded(d->units));
    product_of_state(model, layer, c, c->hidden, inputs, rows, texts);
    if (!EDGERNN_HAS_GRU || d->cell == EDGERNN_LSTM) {
      lstm_step(model, c, texts);
    } else {
      memcpy(c->hidden, c->gates, units * sizeof *c->hidden);
      activate(model->kernels, d->activation, c->hidden, units);
    }
  }
  quantize(model, layer, c, c->hidden, texts);
}

#if EDGERNN_HAS_AMX
EDGERNN_INTERNAL int edgernn_step_inputs(const edgernn_model *model, edgernn_cells *c, const edgernn_steps *inputs) {
  const edgernn_direction *d = c->d;
  size_t texts = inputs->count, units = edgernn_padded(d->units);
  if (!c->prepared || c->prepared != texts || d->cell != EDGERNN_LSTM || !is_usual(d)) return 0;
  edgernn_steps states = {texts, c->quantized, NULL, (ptrdiff_t)units, &state_scale, 0, NULL, 0, NULL, 0, 0, texts, 1};
  model->kernels->tiles->lstm_step(&d->input_product, inputs, &d->recurrent_product, &states, c->cell, c->hidden);
  model->kernels->quantize(c->hidden, c->quantized, texts * units);
  return 1;
}
#endif

EDGERNN_INTERNAL void edgernn_open_cells(edgernn_arena *a, edgernn_arena *work, edgernn_cells *c,
                                         const edgernn_direction *d, size_t texts, int input_offset) {
  size_t units = texts * edgernn_padded(d->units);
  int is_gru = d->cell == EDGERNN_GRU;
  c->d = d;
  c->descending = 0;
#if EDGERNN_HAS_AMX
  c->prepared = 0;
#endif
  c->gates = EDGERNN_TAKE(work, float, edgernn_gates(d->cell) * units);
  c->parts = is_gru ? EDGERNN_TAKE(work, float, 3 * units) : NULL;
  c->scaled = is_gru && !d->reset_after ? EDGERNN_TAKE(work, float, units) : NULL;
  c->hidden = EDGERNN_TAKE(a, float, units);
  c->cell = d->cell == EDGERNN_LSTM ? EDGERNN_TAKE(a, float, units) : NULL;
  c->quantized = EDGERNN_TAKE(a, int8_t, units);
  if (a->memory) {
    memset(c->hidden, 0, units * sizeof(float));
    if (c->cell) memset(c->cell, 0, units * sizeof(float));
    memset(c->quantized, input_offset, units);
  }
}
