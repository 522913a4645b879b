/* Several texts through the layers, side by side where that is faster. */
#include "batch.h"

#include "stream.h"

EDGERNN_INTERNAL int edgernn_runs_batches(const edgernn_model *model) {
  int recurrent = 0;
  for (uint32_t i = 0; i < model->layer_count; i++) recurrent |= model->layers[i].kind == EDGERNN_RECURRENT;
  return recurrent && edgernn_streams(model);
}

/* Return the steps of a layer's output. */
static size_t steps_behind(const edgernn_layer *layer, size_t steps) { return layer->is_sequence ? steps : 1; }

/* Whether the first layer looks up the ids' vectors itself. */
static int reads_ids(const edgernn_model *model) { return model->layers[0].kind == EDGERNN_RECURRENT; }

/* Take the memory of a text's sequences that are kept whole. */
static void open_sequences(edgernn_arena *a, const edgernn_model *model, size_t steps, edgernn_sequence *values) {
  edgernn_arena no_arena = {NULL, 0};
  edgernn_sequence unused;
  edgernn_open_text(reads_ids(model) ? &no_arena : a, model, steps, values ? values : &unused);
  for (uint32_t i = 0; i < model->layer_count; i++) {
    edgernn_arena *own = edgernn_pools_states(model, i) ? &no_arena : a;
    steps = steps_behind(&model->layers[i], steps);
    edgernn_open_output(own, model, i, steps, values ? values + i + 1 : &unused);
    if (a->used > EDGERNN_MOST_SCRATCH) a->used = EDGERNN_MOST_SCRATCH;
  }
}

/* Take the memory of all sequences [texts, layers + 1]. */
static edgernn_sequence *open_batch(edgernn_arena *a, const edgernn_model *model, const edgernn_batch_text *texts,
                                    size_t count) {
  size_t stride = model->layer_count + 1u;
  edgernn_sequence *values = EDGERNN_TAKE(a, edgernn_sequence, count * stride);
  for (size_t i = 0; i < count; i++) {
    open_sequences(a, model, texts[i].count, values ? values + i * stride : NULL);
  }
  return values;
}

EDGERNN_INTERNAL size_t edgernn_batch_bytes(const edgernn_model *model, const edgernn_batch_text *texts,
                                            size_t count) {
  edgernn_arena a = {NULL, 0};
  size_t most = edgernn_wide_bytes(&model->wide);
  open_batch(&a, model, texts, count);
  for (uint32_t i = 0; i < model->layer_count; i++) {
    edgernn_batch_layer layer = {model, i, i ? NULL : texts, NULL, 0, count};
    size_t besides = model->layers[i].kind == EDGERNN_RECURRENT ? edgernn_batch_recurrent_bytes(&layer) : 0;
    most = besides > most ? besides : most;
  }
  return a.used + most;
}

EDGERNN_INTERNAL void edgernn_run_batch(const edgernn_model *model, const edgernn_batch_text *texts,
                                        size_t count, void *scratch, const edgernn_executor *executor,
                                        float *const *outputs) {
  edgernn_arena a = {(unsigned char *)scratch, 0};
  size_t stride = model->layer_count + 1u;
  edgernn_sequence *values = open_batch(&a, model, texts, count);
  for (size_t i = 0; i < count && !reads_ids(model); i++) edgernn_embed(model, texts[i].ids, 1, values + i * stride);
  for (uint32_t index = 0; index < model->layer_count; index++) {
    if (model->layers[index].kind == EDGERNN_RECURRENT) {
      edgernn_batch_layer layer = {model, index, index ? NULL : texts, values, stride, count};
      edgernn_batch_recurrent(&layer, a, executor);
      index += (uint32_t)edgernn_pools_states(model, index);
      continue;
    }
    for (size_t i = 0; i < count; i++) edgernn_run_layer(model, index, values + i * stride, a, executor);
  }
  for (size_t i = 0; i < count; i++) {
    float *logits = values[i * stride + model->layer_count].float32;
    if (EDGERNN_HAS_WIDE && model->wide.words) edgernn_add_wide(&model->wide, texts[i].ids, texts[i].count, a, logits);
    edgernn_write_outputs(model, logits, outputs[i]);
  }
}
