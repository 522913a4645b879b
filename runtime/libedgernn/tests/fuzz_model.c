/* libFuzzer's target: whatever the bytes, a model opens or is refused, and one that opens answers.
 * `make fuzz` builds and runs it. */
#define _POSIX_C_SOURCE 200112L
#include "edgernn.h"

#include <stdlib.h>
#include <string.h>

#define MOST_BYTES ((size_t)1 << 24)

static void *aligned(size_t bytes) {
  void *memory = NULL;
  return posix_memalign(&memory, EDGERNN_ALIGNMENT_BYTES, bytes ? bytes : 1) ? NULL : memory;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  static const int32_t ids[] = {0, 1, 2, 3, 1, 0};
  size_t memory_bytes, kernels = 0;
  const edgernn_model *model;
  int supported;
  /* A copy of the exact size, so that a read beyond it is seen. */
  void *data = malloc(size ? size : 1), *memory, *scratch, *probabilities;
  memcpy(data, bytes, size);
  if (edgernn_memory_size(data, size, &memory_bytes) || memory_bytes > MOST_BYTES) {
    free(data);
    return 0;
  }
  memory = aligned(memory_bytes);
  /* Which kernels run depends on the file, so that all of them do. */
  while (edgernn_kernels(kernels + 1, &supported)) kernels++;
  const char *name = edgernn_kernels(size % (kernels + 1), &supported);
  if (!edgernn_open(data, size, memory, memory_bytes, supported ? name : NULL, &model)) {
    size_t scratch_bytes = edgernn_scratch_size(model, 6);
    scratch = aligned(scratch_bytes);
    probabilities = aligned(edgernn_outputs(model) * sizeof(float));
    for (size_t count = 1; count <= 6; count++) {
      edgernn_predict_ids(model, ids, count, scratch, scratch_bytes, probabilities);
    }
    free(scratch);
    free(probabilities);
  }
  free(memory);
  free(data);
  return 0;
}
