/* What a prediction of so many ids takes on this processor: bytes of the open model and of scratch. */
#include <stdio.h>

#include "edgernn.h"
#include "model.h"

int main(void) {
  static unsigned char memory[1 << 20] __attribute__((aligned(EDGERNN_ALIGNMENT_BYTES)));
  const edgernn_model *model;
  size_t bytes;
  if (edgernn_memory_size(model_data, model_size, &bytes) || bytes > sizeof memory) return 1;
  if (edgernn_open(model_data, model_size, memory, bytes, NULL, &model)) return 1;
  printf("open model %u bytes, scratch of 20 ids %u, of 256 ids %u\n", (unsigned)bytes,
         (unsigned)edgernn_scratch_size(model, 20), (unsigned)edgernn_scratch_size(model, 256));
  return 0;
}
