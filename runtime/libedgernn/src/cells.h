/* The cells of a direction, stepped for several texts side by side. */
#ifndef EDGERNN_CELLS_H
#define EDGERNN_CELLS_H

#include "layers.h"

/* A direction under way over one text or more. What a text has follows on that of the text before. */
typedef struct edgernn_cells {
  const edgernn_direction *d;
  /* Products with the state, and parts of it for a GRU. */
  float *gates, *parts;
  float *hidden, *cell, *scaled;
  int8_t *quantized;
  /* Whether the next product goes through the weights from their end: the half that the last one left
   * in the cache is then used before it is replaced. */
  int descending;
#if EDGERNN_HAS_AMX
  /* What the tiles' `prepare` returned, or 0. */
  size_t prepared;
#endif
} edgernn_cells;

/* Return for how many texts the tiles are prepared. */
static inline size_t edgernn_prepared(const edgernn_cells *cells) {
#if EDGERNN_HAS_AMX
  return cells->prepared;
#else
  (void)cells;
  return 0;
#endif
}

/* Take the memory for `texts` texts, and start with zeros.
 *
 * arena: for states. work: for what is not needed from step to step; it may be the same arena. */
EDGERNN_INTERNAL void edgernn_open_cells(edgernn_arena *arena, edgernn_arena *work, edgernn_cells *cells,
                                         const edgernn_direction *d, size_t texts, int input_offset);

/* Take a step of the first `texts` texts, whose input products are `inputs` [texts, groups * 16]. They
 * may be in `cells->gates`, except for a GRU and the kernels of small cores. */
EDGERNN_INTERNAL void edgernn_step_cells(const edgernn_model *model, const edgernn_layer *layer,
                                         edgernn_cells *cells, const float *inputs, size_t texts);

#if EDGERNN_HAS_AMX
/* Take a step of the texts that `cells->prepared` counts, whose inputs have not been multiplied yet, if the kernels
 * do both at once for such cells. Return whether they do. */
EDGERNN_INTERNAL int edgernn_step_inputs(const edgernn_model *model, edgernn_cells *cells, const edgernn_steps *inputs);
#endif

#endif
