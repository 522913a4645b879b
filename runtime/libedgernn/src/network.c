/* A text's way through the layers. */
#include "model.h"

/* Whether the layer's output is read as integers: by a recurrent layer of integer products. */
static int gives_int8(const edgernn_model *model, uint32_t index) {
  return index + 1 < model->layer_count && model->layers[index + 1].is_int8;
}

/* ---- Other layers ---------------------------------------------------------------------------- */

static void run_dense(const edgernn_layer *layer, const edgernn_sequence *x, edgernn_sequence *y) {
  y->steps = x->steps;
  y->width = layer->output_size;
  for (size_t t = 0; t < x->steps; t++) {
    for (uint32_t row = 0; row < layer->output_size; row++) {
      float sum = edgernn_dot(&layer->weights, row, x->float32 + t * x->width);
      sum += edgernn_value(&layer->bias, 0, row);
      y->float32[t * y->width + row] = edgernn_activated(layer->activation, sum);
    }
  }
}

/* Accumulate one time step (sum or max). NaN propagates. */
static void pool(uint32_t reduction, const float *step, float *out, size_t width) {
  for (size_t i = 0; i < width; i++) {
    float largest = step[i] > out[i] || step[i] != step[i] ? step[i] : out[i];
    out[i] = reduction == EDGERNN_AVERAGE ? out[i] + step[i] : largest;
  }
}

/* Reduce a sequence [T, width] to one step. */
static void reduce(const edgernn_layer *layer, uint32_t reduction, const edgernn_sequence *x,
                   float *out) {
  size_t width = layer->input_size;
  memcpy(out, x->float32, width * sizeof *out);
  for (size_t t = 1; t < x->steps; t++) pool(reduction, x->float32 + t * x->width, out, width);
  for (uint32_t i = 0; i < width; i++) {
    if (reduction == EDGERNN_AVERAGE) {
      out[i] /= (float)x->steps;
    } else if (x->steps < layer->padded_length) {
      float pad = edgernn_value(&layer->pad_row, 0, i);
      out[i] = pad > out[i] ? pad : out[i];
    }
  }
}

static void run_pooling(const edgernn_layer *layer, const edgernn_sequence *x, edgernn_sequence *y) {
  for (uint32_t i = 0; i < layer->reductions; i++) {
    reduce(layer, layer->reduction[i], x, y->float32 + (size_t)i * layer->input_size);
  }
  y->steps = 1;
  y->width = layer->output_size;
}

/* ---- A text ---------------------------------------------------------------------------------- */

/* Return the width of a layer's output before its directions are merged. */
static size_t width_of(const edgernn_layer *layer) {
  int is_pair = layer->kind == EDGERNN_RECURRENT && layer->directions == 2;
  return is_pair ? (size_t)layer->direction[0].units + layer->direction[1].units : layer->output_size;
}

/* More scratch cannot be had: half of it and the rest of a text must not overflow. */
#define MOST_SCRATCH ((size_t)-1 / 4)

/* Return the bytes of a layer's output of `steps` steps. */
static size_t sequence_bytes(const edgernn_model *model, uint32_t index, size_t steps) {
  const edgernn_layer *layer = &model->layers[index];
  size_t width = width_of(layer);
  if (layer->kind == EDGERNN_SELECTION) return 0;
  if (gives_int8(model, index)) return steps * edgernn_padded(width);
  /* Of a graph, also on a processor of 32 bits. */
  return steps > MOST_SCRATCH / sizeof(float) / width ? MOST_SCRATCH : steps * width * sizeof(float);
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

EDGERNN_INTERNAL void edgernn_open_text(edgernn_arena *a, const edgernn_model *model, size_t steps,
                                        edgernn_sequence *x) {
  memset(x, 0, sizeof *x);
  x->steps = steps;
  x->size = model->embedding.columns;
  x->width = edgernn_up_to(model->embedding.columns, 4);
  if (model->layers[0].is_int8) {
    x->int8 = EDGERNN_TAKE(a, int8_t, steps * x->width);
    x->own_scales = EDGERNN_TAKE(a, float, steps);
    x->scales = x->own_scales;
    x->scale_stride = 1;
  } else {
    x->float32 = EDGERNN_TAKE(a, float, steps * x->width);
  }
}

EDGERNN_INTERNAL void edgernn_embed(const edgernn_model *model, const int32_t *ids, edgernn_sequence *x) {
  const edgernn_tensor *table = &model->embedding;
  uint32_t columns = table->columns;
  for (size_t t = 0; t < x->steps; t++) {
    uint32_t id = (uint32_t)ids[t];
    if (x->int8) {
      const int8_t *row = (const int8_t *)table->values + (size_t)id * columns;
      int8_t *to = x->int8 + t * x->width;
      /* The offset is 0 or 128: to flip the top bit is to add 128, as the kernels want it. */
      for (uint32_t k = 0; k < columns; k++) to[k] = (int8_t)(row[k] ^ model->kernels->input_offset);
      for (size_t k = columns; k < x->width; k++) to[k] = 0;
      x->own_scales[t] = edgernn_scale(table, id);
      continue;
    }
    for (uint32_t k = 0; k < x->width; k++) {
      x->float32[t * x->width + k] = k < columns ? edgernn_value(table, id, k) : 0.0f;
    }
  }
}

/* The scratch contains the outputs of all layers, what describes them, and the most that a layer or the
 * wide path needs besides. */
EDGERNN_INTERNAL size_t edgernn_model_scratch(const edgernn_model *model, size_t count) {
  edgernn_arena a = {NULL, 0};
  size_t most = EDGERNN_HAS_WIDE ? edgernn_wide_bytes(&model->wide) : 0, steps[EDGERNN_MOST_LAYERS + 1];
  edgernn_sequence unused;
  if (model->layer_count == 0) {
    EDGERNN_TAKE(&a, float, model->outputs);
    return a.used + most;
  }
  EDGERNN_TAKE(&a, edgernn_sequence, model->layer_count + 1);
  edgernn_open_text(&a, model, count, &unused);
  size_t longest = steps[0] = count;
  for (uint32_t i = 0; i < model->layer_count; i++) {
    const edgernn_layer *layer = &model->layers[i];
    steps[i + 1] = edgernn_steps_of(layer, i, steps);
    longest = steps[i + 1] > longest ? steps[i + 1] : longest;
    size_t besides = EDGERNN_HAS_RECURRENT ? edgernn_recurrent_bytes(layer, longest) : 0;
    if (EDGERNN_HAS_GRAPHS) besides += edgernn_node_bytes(layer, longest);
    edgernn_open_output(&a, model, i, steps[i + 1], &unused);
    most = besides > most ? besides : most;
    if (a.used > MOST_SCRATCH) return MOST_SCRATCH;
  }
  return a.used + most;
}

EDGERNN_INTERNAL void edgernn_run_layer(const edgernn_model *model, uint32_t index, edgernn_sequence *values,
                                        edgernn_arena a, const edgernn_executor *executor) {
  const edgernn_layer *layer = &model->layers[index];
  const edgernn_sequence *x = &values[index];
  edgernn_sequence *y = &values[index + 1];
  switch (layer->kind) {
    case EDGERNN_RECURRENT:
      if (EDGERNN_HAS_RECURRENT) edgernn_run_recurrent(model, layer, x, y, a, executor);
      break;
    case EDGERNN_DENSE: run_dense(layer, x, y); break;
    case EDGERNN_POOLING:
    case EDGERNN_POOLINGS: run_pooling(layer, x, y); break;
    default:
      if (EDGERNN_HAS_GRAPHS) edgernn_run_node(model, layer, index, values, y, a);
  }
}

/* Return the logits of the recurrent path. */
static float *run_layers(edgernn_arena *a, const edgernn_model *model, const int32_t *ids,
                         size_t count, const edgernn_executor *executor) {
  edgernn_sequence *values = EDGERNN_TAKE(a, edgernn_sequence, model->layer_count + 1);
  size_t steps[EDGERNN_MOST_LAYERS + 1];
  edgernn_open_text(a, model, count, &values[0]);
  edgernn_embed(model, ids, &values[0]);
  steps[0] = count;
  for (uint32_t i = 0; i < model->layer_count; i++) {
    steps[i + 1] = edgernn_steps_of(&model->layers[i], i, steps);
    edgernn_open_output(a, model, i, steps[i + 1], &values[i + 1]);
    edgernn_run_layer(model, i, values, *a, executor);
  }
  return values[model->layer_count].float32;
}

/* Return the logits of a model without a recurrent path, before anything is added: zeros. */
static float *no_logits(edgernn_arena *a, const edgernn_model *model) {
  float *logits = EDGERNN_TAKE(a, float, model->outputs);
  memset(logits, 0, model->outputs * sizeof *logits);
  return logits;
}

EDGERNN_INTERNAL void edgernn_write_outputs(const edgernn_model *model, const float *logits,
                                            float *probabilities) {
  size_t count = model->outputs;
  if (model->head != EDGERNN_MULTICLASS) {
    for (size_t i = 0; i < count; i++) {
      probabilities[i] = edgernn_activated(EDGERNN_SIGMOID, logits[i]);
    }
    return;
  }
  memcpy(probabilities, logits, count * sizeof *logits);
  edgernn_softmax(probabilities, count, 1);
}

EDGERNN_INTERNAL int edgernn_are_ids(const edgernn_model *model, const int32_t *ids, size_t count) {
  uint32_t tokens = model->layer_count ? model->embedding.rows : model->wide.words;
  for (size_t t = 0; t < count; t++) {
    if (ids[t] < 0 || (uint32_t)ids[t] >= tokens) return 0;
  }
  return count > 0;
}

EDGERNN_INTERNAL void edgernn_run_model(const edgernn_model *model, const int32_t *ids, size_t count,
                                        void *scratch, const edgernn_executor *executor, float *outputs) {
  edgernn_arena a = {(unsigned char *)scratch, 0};
  float *logits = model->layer_count ? run_layers(&a, model, ids, count, executor) : no_logits(&a, model);
  if (EDGERNN_HAS_WIDE && model->wide.words) edgernn_add_wide(&model->wide, ids, count, a, logits);
  edgernn_write_outputs(model, logits, outputs);
}
