/* Prints the bytes of RAM: of the open model, and of a text of 32 tokens, its ids included. */
#include <stdio.h>

#include "model.h"

int main(void) {
  static unsigned char memory[65536] __attribute__((aligned(EDGERNN_ALIGNMENT)));
  edgernn_classifier *classifier;
  size_t bytes;
  if (edgernn_memory_size(model_data, model_size, NULL, &bytes) || bytes > sizeof memory) return 1;
  if (edgernn_open(model_data, model_size, NULL, memory, bytes, &classifier)) return 1;
  printf("%lu %lu\n", (unsigned long)bytes, (unsigned long)edgernn_ids_scratch_size(classifier, 32) + 32 * 4);
  return 0;
}
