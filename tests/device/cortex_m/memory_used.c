/* What a prediction takes on this processor: bytes of the open model and of scratch. */
#include <stdio.h>

#include "model.h"

int main(void) {
  static unsigned char memory[1 << 20] __attribute__((aligned(EDGERNN_ALIGNMENT)));
  edgernn_classifier *classifier;
  size_t bytes;
  if (edgernn_memory_size(model_data, model_size, NULL, &bytes) || bytes > sizeof memory) return 1;
  if (edgernn_open(model_data, model_size, NULL, memory, bytes, &classifier)) return 1;
  printf("open model %u bytes, scratch of 20 ids %u, of 256 ids %u\n", (unsigned)bytes,
         (unsigned)edgernn_ids_scratch_size(classifier, 20),
         (unsigned)edgernn_ids_scratch_size(classifier, 256));
  return 0;
}
