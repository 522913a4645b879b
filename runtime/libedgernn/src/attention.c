/* Attention: for each step of a query, the mean of values, weighted by a softmax of scores. */
#include "layers.h"

static size_t read_steps(const edgernn_layer *layer, size_t steps) {
  return steps < layer->node.steps ? steps : layer->node.steps;
}

EDGERNN_INTERNAL size_t edgernn_attention_bytes(const edgernn_layer *layer, size_t steps) {
  edgernn_arena a = {NULL, 0};
  EDGERNN_TAKE(&a, float, read_steps(layer, steps));
  EDGERNN_TAKE(&a, float, edgernn_padded(layer->input_size));
  return a.used;
}

/* Return the product of a query and a key. */
static float product_score(const edgernn_layer *layer, const float *q, const float *k, size_t size) {
  float sum = 0;
  for (size_t i = 0; i < size; i++) sum += q[i] * k[i];
  return sum * layer->node.scale;
}

/* Return the sum of v * tanh(q + k). */
static float additive_score(const edgernn_model *model, const edgernn_layer *layer, const float *q,
                            const float *k, float *parts) {
  size_t size = layer->input_size;
  float sum = 0;
  for (size_t i = 0; i < size; i++) parts[i] = q[i] + k[i];
  for (size_t i = size; i < edgernn_padded(size); i++) parts[i] = 0;
  model->kernels->tanh(parts, edgernn_padded(size));
  for (uint32_t i = 0; i < size; i++) sum += edgernn_value(&layer->weights, 0, i) * parts[i];
  return sum;
}

EDGERNN_INTERNAL void edgernn_run_attention(const edgernn_model *model, const edgernn_layer *layer,
                                            const edgernn_sequence *values, edgernn_sequence *y,
                                            edgernn_arena a) {
  const edgernn_sequence *q = &values[edgernn_source(layer, 0)], *k = &values[edgernn_source(layer, 1)];
  const edgernn_sequence *v = &values[edgernn_source(layer, 2)];
  size_t keys = read_steps(layer, k->steps < v->steps ? k->steps : v->steps), heads = layer->node.heads;
  size_t size = layer->input_size / heads, columns = layer->output_size / heads;
  float *scores = EDGERNN_TAKE(&a, float, keys);
  float *parts = EDGERNN_TAKE(&a, float, edgernn_padded(layer->input_size));
  for (size_t t = 0; t < y->steps; t++) {
    size_t count = layer->node.is_causal && t + 1 < keys ? t + 1 : keys;
    for (size_t head = 0; head < heads; head++) {
      const float *query = q->float32 + t * q->width + head * size;
      float *out = y->float32 + t * y->width + head * columns;
      for (size_t s = 0; s < count; s++) {
        const float *key = k->float32 + s * k->width + head * size;
        scores[s] = layer->node.form ? additive_score(model, layer, query, key, parts)
                                     : product_score(layer, query, key, size);
      }
      edgernn_softmax(scores, count, 1);
      memset(out, 0, columns * sizeof *out);
      for (size_t s = 0; s < count; s++) {
        const float *value = v->float32 + s * v->width + head * columns;
        for (size_t i = 0; i < columns; i++) out[i] += scores[s] * value[i];
      }
    }
  }
}
