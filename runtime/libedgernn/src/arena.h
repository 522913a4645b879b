/* Aligned parts of the caller's memory. */
#ifndef EDGERNN_ARENA_H
#define EDGERNN_ARENA_H

#include "common.h"

/* Hands out parts in order; without memory it only counts. */
typedef struct edgernn_arena {
  unsigned char *memory;
  size_t used;
} edgernn_arena;

/* Return the next part, `bytes` long. */
static inline void *edgernn_take(edgernn_arena *arena, size_t bytes) {
  void *part = arena->memory ? arena->memory + arena->used : NULL;
  arena->used += edgernn_up_to(bytes, EDGERNN_ALIGNMENT);
  return part;
}

/* Return the next part, of `count` values of a type. */
#define EDGERNN_TAKE(arena, type, count) ((type *)edgernn_take(arena, (count) * sizeof(type)))

#endif
