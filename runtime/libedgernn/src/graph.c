/* Layers of a graph: several sources, windows over time, and layers without cells. */
#include "layers.h"

#include <math.h>

/* ---- Step by step ------------------------------------------------------------------------------ */

static void add_columns(const edgernn_layer *layer, const edgernn_sequence *values, edgernn_sequence *y) {
  size_t column = 0;
  for (uint32_t i = 0; i < layer->node.source_count; i++) {
    uint32_t source = edgernn_source(layer, i);
    const edgernn_sequence *x = &values[source];
    for (size_t t = 0; t < y->steps; t++) {
      memcpy(y->float32 + t * y->width + column, x->float32 + t * x->width, x->size * sizeof(float));
    }
    column += x->size;
  }
}

static float combined(uint32_t operation, float a, float b) {
  switch (operation) {
    case EDGERNN_MUL_ALL: return a * b;
    case EDGERNN_SUB_ALL: return a - b;
    /* NaN propagates. */
    case EDGERNN_MAX_ALL: return b > a || b != b ? b : a;
    case EDGERNN_MIN_ALL: return b < a || b != b ? b : a;
    default: return a + b;
  }
}

static void combine(const edgernn_layer *layer, const edgernn_sequence *values, edgernn_sequence *y) {
  uint32_t operation = layer->node.form, count = layer->node.source_count;
  for (uint32_t i = 0; i < count; i++) {
    const edgernn_sequence *x = &values[edgernn_source(layer, i)];
    /* An input of one column is used for all of them. */
    size_t stride = x->size > 1;
    for (size_t t = 0; t < y->steps; t++) {
      const float *from = x->float32 + t * x->width;
      float *to = y->float32 + t * y->width;
      for (size_t k = 0; k < y->width; k++) {
        to[k] = i ? combined(operation, to[k], from[k * stride]) : from[k * stride];
        if (operation == EDGERNN_AVE_ALL && i + 1 == count) to[k] /= (float)count;
      }
    }
  }
}

static void normalize(const edgernn_layer *layer, const float *x, float *y) {
  uint32_t size = layer->input_size;
  float mean = 0, variance = 0;
  for (uint32_t k = 0; k < size; k++) mean += x[k];
  mean /= (float)size;
  for (uint32_t k = 0; k < size; k++) variance += (x[k] - mean) * (x[k] - mean);
  float factor = 1 / sqrtf(variance / (float)size + layer->node.scale);
  for (uint32_t k = 0; k < size; k++) {
    y[k] = (x[k] - mean) * factor * edgernn_value(&layer->weights, 0, k) + edgernn_value(&layer->bias, 0, k);
  }
}

static void run_affine(const edgernn_layer *layer, const float *x, float *y) {
  for (uint32_t k = 0; k < layer->input_size; k++) {
    float value = x[k];
    if (layer->weights.values) {
      value = value * edgernn_value(&layer->weights, 0, k) + edgernn_value(&layer->bias, 0, k);
    }
    y[k] = edgernn_activated(layer->activation, value);
  }
}

static void run_steps(const edgernn_layer *layer, const edgernn_sequence *x, edgernn_sequence *y) {
  for (size_t t = 0; t < y->steps; t++) {
    const float *from = x->float32 + t * x->width;
    float *to = y->float32 + t * y->width;
    if (layer->kind == EDGERNN_NORMALIZATION) {
      normalize(layer, from, to);
    } else if (layer->kind == EDGERNN_AFFINE) {
      run_affine(layer, from, to);
    } else {
      memcpy(to, from, layer->input_size * sizeof *to);
      edgernn_softmax(to, layer->input_size, 1);
    }
  }
}

/* ---- Over time --------------------------------------------------------------------------------- */

static void run_time(const edgernn_layer *layer, const edgernn_sequence *x, edgernn_sequence *y) {
  size_t size = layer->input_size;
  if (layer->node.form == EDGERNN_TIME_SUM) {
    memcpy(y->float32, x->float32, size * sizeof(float));
    for (size_t t = 1; t < x->steps; t++) {
      for (size_t k = 0; k < size; k++) y->float32[k] += x->float32[t * x->width + k];
    }
    return;
  }
  for (size_t t = 0; t < x->steps; t++) {
    memcpy(y->float32 + t * size, x->float32 + t * x->width, size * sizeof(float));
  }
  for (size_t k = 0; k < size; k++) edgernn_softmax(y->float32 + k, x->steps, size);
}

static void run_windows(const edgernn_layer *layer, const edgernn_sequence *x, edgernn_sequence *y) {
  const edgernn_node *n = &layer->node;
  size_t before = edgernn_steps_before(n, x->steps), size = layer->input_size;
  for (size_t t = 0; t < y->steps; t++) {
    size_t start = t * n->stride, end = start + n->span;
    /* Windows reach over the ends of the sequence. */
    start = start > before ? start - before : 0;
    end = end - before < x->steps ? end - before : x->steps;
    float *out = y->float32 + t * size;
    memcpy(out, x->float32 + start * x->width, size * sizeof *out);
    for (size_t s = start + 1; s < end; s++) {
      const float *step = x->float32 + s * x->width;
      uint32_t operation = n->form == EDGERNN_AVERAGE ? EDGERNN_SUM_ALL : EDGERNN_MAX_ALL;
      for (size_t k = 0; k < size; k++) out[k] = combined(operation, out[k], step[k]);
    }
    for (size_t k = 0; n->form == EDGERNN_AVERAGE && k < size; k++) out[k] /= (float)(end - start);
  }
}

static void run_reshape(const edgernn_layer *layer, const edgernn_sequence *x, edgernn_sequence *y) {
  size_t size = layer->input_size, steps = layer->node.steps;
  size_t column_stride = layer->node.form ? steps : 1, step_stride = layer->node.form ? 1 : size;
  memset(y->float32, 0, steps * size * sizeof(float));
  for (size_t t = 0; t < x->steps && t < steps; t++) {
    for (size_t k = 0; k < size; k++) {
      y->float32[t * step_stride + k * column_stride] = x->float32[t * x->width + k];
    }
  }
}

static void run_padding(const edgernn_layer *layer, const edgernn_sequence *x, edgernn_sequence *y) {
  size_t size = layer->input_size, before = layer->node.first ? y->steps - x->steps : 0;
  for (size_t t = 0; t < y->steps; t++) {
    float *out = y->float32 + t * size;
    /* The nearest step of the sequence. */
    size_t from = t < before ? 0 : t - before < x->steps ? t - before : x->steps - 1;
    if (from + before == t || layer->node.form) {
      memcpy(out, x->float32 + from * x->width, size * sizeof *out);
    } else {
      for (uint32_t k = 0; k < size; k++) out[k] = edgernn_value(&layer->weights, 0, k);
    }
  }
}

/* ---- A layer ----------------------------------------------------------------------------------- */

/* A selection is a part of its source, without a copy. */
static void select_columns(const edgernn_layer *layer, const edgernn_sequence *values, edgernn_sequence *y) {
  *y = values[edgernn_source(layer, 0)];
  y->float32 += layer->node.first;
  y->size = layer->output_size;
}

EDGERNN_INTERNAL size_t edgernn_node_bytes(const edgernn_layer *layer, size_t steps) {
  if (layer->kind == EDGERNN_CONVOLUTION) return edgernn_convolution_bytes(layer, steps);
  return layer->kind == EDGERNN_ATTENTION ? edgernn_attention_bytes(layer, steps) : 0;
}

EDGERNN_INTERNAL void edgernn_run_node(const edgernn_model *model, const edgernn_layer *layer,
                                       uint32_t index, const edgernn_sequence *values,
                                       edgernn_sequence *y, edgernn_arena a) {
  const edgernn_sequence *x = &values[index];
  switch (layer->kind) {
    case EDGERNN_SELECTION: select_columns(layer, values, y); break;
    case EDGERNN_COMBINATION:
      if (layer->node.form == EDGERNN_CONCAT_ALL) {
        add_columns(layer, values, y);
      } else {
        combine(layer, values, y);
      }
      break;
    case EDGERNN_CONVOLUTION: edgernn_run_convolution(model, layer, x, y, a); break;
    case EDGERNN_WINDOWS: run_windows(layer, x, y); break;
    case EDGERNN_ATTENTION: edgernn_run_attention(model, layer, values, y, a); break;
    case EDGERNN_RESHAPE: run_reshape(layer, x, y); break;
    case EDGERNN_PADDING: run_padding(layer, x, y); break;
    case EDGERNN_TIME:
      if (layer->node.form != EDGERNN_COLUMN_SOFTMAX) {
        run_time(layer, x, y);
        break;
      }
      run_steps(layer, x, y);
      break;
    default: run_steps(layer, x, y);
  }
}
