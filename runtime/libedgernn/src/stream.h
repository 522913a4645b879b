/* A text through the layers in blocks of steps. */
#ifndef EDGERNN_STREAM_H
#define EDGERNN_STREAM_H

#include "model.h"
#include "recurrent.h"

/* A layer of a stream under way. */
typedef struct edgernn_stage {
  const edgernn_layer *layer;
  /* Of a recurrent layer. */
  edgernn_walk walk;
  /* A block of its output, except of the last layer. */
  edgernn_sequence y;
} edgernn_stage;

/* Return whether the layers of a model follow on each other: it has some and is not a graph. */
EDGERNN_INTERNAL int edgernn_streams(const edgernn_model *model);

/* Return the bytes of scratch for `count` ids, those of the wide path included. */
EDGERNN_INTERNAL size_t edgernn_stream_bytes(const edgernn_model *model, size_t count);

/* Return the logits of the recurrent path, whose memory is taken of the arena. */
EDGERNN_INTERNAL float *edgernn_run_stream(edgernn_arena *arena, const edgernn_model *model, const int32_t *ids,
                                           size_t count, const edgernn_executor *executor);

#endif
