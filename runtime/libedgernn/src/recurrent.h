/* Recurrent layers under way over the steps of a text. */
#ifndef EDGERNN_RECURRENT_H
#define EDGERNN_RECURRENT_H

#include "cells.h"

/* One direction under way. */
typedef struct edgernn_walker {
  edgernn_cells cells;
  /* Of a block of steps: the input products [EDGERNN_CHUNK, groups * 16], and the vectors if ids are read. */
  float *inputs;
  edgernn_sequence text;
  /* Whether it has taken a step. */
  int is_begun;
} edgernn_walker;

/* A layer under way. */
typedef struct edgernn_walk {
  const edgernn_model *model;
  const edgernn_layer *layer;
  /* The pooling that takes each state instead of `y`'s sequence, or NULL. */
  const edgernn_layer *pooling;
  /* What is read: ids, or a sequence if they are NULL. */
  const int32_t *ids;
  const edgernn_sequence *x;
  size_t steps;
  edgernn_sequence *y;
  edgernn_walker walkers[2];
} edgernn_walk;

/* Take the memory of a walk, and start with states of zeros.
 *
 * arena, work: for states, and for what another layer may overwrite before the next call of edgernn_walk_on.
 * steps: the most that are read at a time. reads_ids: whether ids are read. */
EDGERNN_INTERNAL void edgernn_open_walk(edgernn_arena *arena, edgernn_arena *work, edgernn_walk *walk,
                                        const edgernn_model *model, const edgernn_layer *layer, size_t steps,
                                        int reads_ids);

/* Walk on over `steps` steps of `ids` or `x`. With two directions these are the whole text. */
EDGERNN_INTERNAL void edgernn_walk_on(edgernn_walk *walk, const edgernn_executor *executor);

/* Write what the end of a text gives: last states, means of `steps` steps, merged directions. */
EDGERNN_INTERNAL void edgernn_finish_walk(edgernn_walk *walk, size_t steps);

#endif
