/* Several texts side by side, so that a weight that is loaded serves all of them. */
#ifndef EDGERNN_BATCH_H
#define EDGERNN_BATCH_H

#include "model.h"

/* The most texts side by side. */
#define EDGERNN_MOST_TEXTS 16u

/* A text of a batch: its ids, and its place among the caller's texts. */
typedef struct edgernn_batch_text {
  const int32_t *ids;
  size_t count, index;
} edgernn_batch_text;

/* Return whether a model can run several texts: it has recurrent layers and is not a graph. */
EDGERNN_INTERNAL int edgernn_runs_batches(const edgernn_model *model);

/* Return the bytes of scratch for texts side by side, the longest first. */
EDGERNN_INTERNAL size_t edgernn_batch_bytes(const edgernn_model *model, const edgernn_batch_text *texts,
                                            size_t count);

/* Run up to EDGERNN_MOST_TEXTS texts, the longest first, whose ids were checked. The outputs of each are the bits that
 * edgernn_run_model writes.
 *
 * outputs: of each text. */
EDGERNN_INTERNAL void edgernn_run_batch(const edgernn_model *model, const edgernn_batch_text *texts,
                                        size_t count, void *scratch, const edgernn_executor *executor,
                                        float *const *outputs);

/* A recurrent layer of a batch. */
typedef struct edgernn_batch_layer {
  const edgernn_model *model;
  uint32_t index;
  /* The texts, the longest first, if the layer looks up their ids; else NULL. */
  const edgernn_batch_text *texts;
  /* The sequences in front of and behind each layer [count, stride]. */
  edgernn_sequence *values;
  size_t stride, count;
} edgernn_batch_layer;

/* Return the bytes that a recurrent layer takes of the scratch. It does not need `values`. */
EDGERNN_INTERNAL size_t edgernn_batch_recurrent_bytes(const edgernn_batch_layer *layer);

/* Run a recurrent layer over texts, and the pooling behind it if edgernn_pools_states. */
EDGERNN_INTERNAL void edgernn_batch_recurrent(const edgernn_batch_layer *layer, edgernn_arena arena,
                                              const edgernn_executor *executor);

#endif
