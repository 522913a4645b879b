/* How many steps the output of a graph's layer has. */
#include "layers.h"

/* Return the number of windows over a sequence, at least 1. */
static size_t window_count(const edgernn_node *n, size_t steps) {
  if (n->border != EDGERNN_VALID) return (steps + n->stride - 1) / n->stride;
  return steps < n->span ? 1 : (steps - n->span) / n->stride + 1;
}

EDGERNN_INTERNAL size_t edgernn_steps_before(const edgernn_node *n, size_t steps) {
  if (n->border == EDGERNN_VALID) return 0;
  if (n->border == EDGERNN_CAUSAL) return n->span - 1;
  size_t covered = (window_count(n, steps) - 1) * n->stride + n->span;
  return covered > steps ? (covered - steps) / 2 : 0;
}

static size_t shortest_of(const edgernn_layer *layer, const size_t *steps) {
  size_t shortest = steps[edgernn_source(layer, 0)];
  for (uint32_t i = 1; i < layer->node.source_count; i++) {
    size_t own = steps[edgernn_source(layer, i)];
    shortest = own < shortest ? own : shortest;
  }
  return shortest;
}

EDGERNN_INTERNAL size_t edgernn_steps_of(const edgernn_layer *layer, uint32_t index, const size_t *steps) {
  const edgernn_node *n = &layer->node;
  size_t before = steps[index];
  if (!layer->is_sequence) return 1;
  if (!EDGERNN_HAS_GRAPHS) return before;
  switch (layer->kind) {
    case EDGERNN_SELECTION: return steps[edgernn_source(layer, 0)];
    case EDGERNN_COMBINATION: return shortest_of(layer, steps);
    case EDGERNN_CONVOLUTION:
    case EDGERNN_WINDOWS: return window_count(n, before);
    case EDGERNN_ATTENTION:
      before = steps[edgernn_source(layer, 0)];
      return before < n->steps ? before : n->steps;
    case EDGERNN_RESHAPE: return layer->input_size;
    case EDGERNN_PADDING: return before > n->steps ? before : n->steps;
    default: return before;
  }
}
