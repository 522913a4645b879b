/* A text's way through the model. */
#include "stream.h"

/* A graph keeps the outputs of all layers, what describes them, and the most that a layer or the wide path
 * needs besides. */
static size_t graph_bytes(const edgernn_model *model, size_t count) {
  edgernn_arena a = {NULL, 0};
  size_t most = EDGERNN_HAS_WIDE ? edgernn_wide_bytes(&model->wide) : 0, steps[EDGERNN_MOST_LAYERS + 1];
  edgernn_sequence unused;
  EDGERNN_TAKE(&a, edgernn_sequence, model->layer_count + 1);
  edgernn_open_text(&a, model, count, &unused);
  size_t longest = steps[0] = count;
  for (uint32_t i = 0; i < model->layer_count; i++) {
    const edgernn_layer *layer = &model->layers[i];
    steps[i + 1] = edgernn_steps_of(layer, i, steps);
    longest = steps[i + 1] > longest ? steps[i + 1] : longest;
    size_t besides = EDGERNN_HAS_RECURRENT ? edgernn_recurrent_bytes(model, layer, longest) : 0;
    besides += edgernn_node_bytes(layer, longest);
    edgernn_open_output(&a, model, i, steps[i + 1], &unused);
    most = besides > most ? besides : most;
    if (a.used > EDGERNN_MOST_SCRATCH) return EDGERNN_MOST_SCRATCH;
  }
  return a.used + most;
}

EDGERNN_INTERNAL size_t edgernn_model_scratch(const edgernn_model *model, size_t count) {
  if (edgernn_streams(model)) return edgernn_stream_bytes(model, count);
  if (EDGERNN_HAS_GRAPHS && model->layer_count) return graph_bytes(model, count);
  edgernn_arena a = {NULL, 0};
  EDGERNN_TAKE(&a, float, model->outputs);
  return a.used + (EDGERNN_HAS_WIDE ? edgernn_wide_bytes(&model->wide) : 0);
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
    case EDGERNN_DENSE: edgernn_run_dense(layer, x, y); break;
    case EDGERNN_POOLING:
    case EDGERNN_POOLINGS: edgernn_run_pooling(model, index, x, y); break;
    default:
      if (EDGERNN_HAS_GRAPHS) edgernn_run_node(model, layer, index, values, y, a);
  }
}

/* Return the logits of a graph. */
static float *run_graph(edgernn_arena *a, const edgernn_model *model, const int32_t *ids,
                         size_t count, const edgernn_executor *executor) {
  edgernn_sequence *values = EDGERNN_TAKE(a, edgernn_sequence, model->layer_count + 1);
  size_t steps[EDGERNN_MOST_LAYERS + 1];
  edgernn_open_text(a, model, count, &values[0]);
  edgernn_embed(model, ids, 1, &values[0]);
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
  float *logits;
  if (edgernn_streams(model)) {
    logits = edgernn_run_stream(&a, model, ids, count, executor);
  } else if (EDGERNN_HAS_GRAPHS && model->layer_count) {
    logits = run_graph(&a, model, ids, count, executor);
  } else {
    logits = no_logits(&a, model);
  }
  if (EDGERNN_HAS_WIDE && model->wide.words) edgernn_add_wide(&model->wide, ids, count, a, logits);
  edgernn_write_outputs(model, logits, outputs);
}
