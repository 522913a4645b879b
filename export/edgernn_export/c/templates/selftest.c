/* Replays the test vectors of the exporting machine: equal ids, outputs within the tolerance, equal labels. It
 * uses the model's memory alone, as a device without a heap does. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "@name@_vectors.h"

/* Return a block at a multiple of 64 bytes, which is not released before the end. */
static void *block(size_t bytes) {
  unsigned char *whole = (unsigned char *)malloc(bytes + EDGERNN_ALIGNMENT);
  if (!whole) exit(1);
  return whole + (EDGERNN_ALIGNMENT - (uintptr_t)whole % EDGERNN_ALIGNMENT);
}

/* Return the index of the largest of the labels' probabilities. */
static size_t best_label(const float *outputs) {
  size_t best = 0;
  if (@NAME@_OUTPUTS < @NAME@_LABELS) return outputs[0] > 0.5f;
  for (size_t i = 1; i < @NAME@_OUTPUTS; i++) {
    if (outputs[i] > outputs[best]) best = i;
  }
  return best;
}

int main(void) {
  edgernn_classifier *classifier;
  static float probabilities[@NAME@_LABELS], outputs[@NAME@_OUTPUTS];
  float largest = 0;
  size_t different = 0, other = 0, memory_bytes, count;
  if (edgernn_memory_size(@name@_data, @name@_size, NULL, &memory_bytes)) return 1;
  void *memory = block(memory_bytes), *scratch = NULL;
  if (edgernn_open(@name@_data, @name@_size, NULL, memory, memory_bytes, &classifier)) return 1;
  size_t scratch_bytes = edgernn_scratch_size(classifier, @name@_longest_text);
  size_t ids_bytes = edgernn_ids_scratch_size(classifier, @name@_most_ids);
  if (ids_bytes > scratch_bytes) scratch_bytes = ids_bytes;
  scratch = block(scratch_bytes);
  int32_t *ids = (int32_t *)block((@name@_most_ids + 1) * sizeof(int32_t));
  for (size_t i = 0; i < @name@_vector_count; i++) {
    const @name@_vector *v = &@name@_vectors[i];
    const char *text = (const char *)v->text;
    size_t label;
    edgernn_status status = edgernn_tokenize(classifier, text, v->bytes, scratch, scratch_bytes, ids,
                                             @name@_most_ids + 1, &count);
    int is_same = !status && count == v->count && (!count || !memcmp(ids, v->ids, count * sizeof *ids));
    different += !is_same;
    if (edgernn_classify_in(classifier, text, v->bytes, scratch, scratch_bytes, probabilities,
                            @NAME@_LABELS, &label)) {
      return 1;
    }
    other += label != best_label(v->outputs);
    if (!is_same || !count) continue;
    if (edgernn_run_ids(classifier, ids, count, scratch, scratch_bytes, outputs, @NAME@_OUTPUTS)) return 1;
    for (size_t k = 0; k < @NAME@_OUTPUTS; k++) {
      float change = fabsf(outputs[k] - v->outputs[k]);
      if (!(change <= largest)) largest = change;
    }
  }
  int passed = !different && !other && largest <= @NAME@_TOLERANCE;
  /* Small C libraries do not know %zu. */
  printf("%s: %lu texts, %lu with other ids, %lu with other labels, max absolute error %.1e, tolerance %.1e\n",
         passed ? "passed" : "failed", (unsigned long)@name@_vector_count, (unsigned long)different,
         (unsigned long)other, (double)largest, (double)@NAME@_TOLERANCE);
  return passed ? 0 : 1;
}
