/* Aligned blocks from malloc. */
#ifndef EDGERNN_HEAP_H
#define EDGERNN_HEAP_H

#include "classifier.h"

#if EDGERNN_HAS_HEAP

/* Return a block that starts at a multiple of EDGERNN_ALIGNMENT, or NULL. */
EDGERNN_INTERNAL void *edgernn_allocate(size_t bytes);

/* Return the bytes of a block. */
EDGERNN_INTERNAL size_t edgernn_block_bytes(const void *block);

/* Release a block. NULL is ignored. */
EDGERNN_INTERNAL void edgernn_release(void *block);

/* Take the classifier's spare scratch if it is large enough, else a new block. */
EDGERNN_INTERNAL void *edgernn_take_scratch(const edgernn_classifier *classifier, size_t bytes);

/* Give a scratch back; it becomes the spare one. */
EDGERNN_INTERNAL void edgernn_give_scratch(const edgernn_classifier *classifier, void *scratch);

#endif

#endif
