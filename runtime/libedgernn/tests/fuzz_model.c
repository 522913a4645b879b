/* libFuzzer target: any bytes as a model.bin with a right checksum, run with any of the kernels. */
#define _POSIX_C_SOURCE 200112L
#include "fuzz.h"

#define MOST_BYTES ((size_t)1 << 24)

static void *aligned(size_t bytes) {
  void *memory = NULL;
  return posix_memalign(&memory, EDGERNN_ALIGNMENT, bytes ? bytes : 1) ? NULL : memory;
}

/* Put the Adler-32 of the file into its header. */
static void mend(uint8_t *data, size_t size) {
  uint32_t first = 1, second = 0;
  if (size < 36) return;
  memset(data + 32, 0, 4);
  for (size_t i = 0; i < size; i++) {
    first = (first + data[i]) % 65521;
    second = (second + first) % 65521;
  }
  uint32_t sum = second << 16 | first;
  for (int i = 0; i < 4; i++) data[32 + i] = (uint8_t)(sum >> 8 * i);
}

static void run(edgernn_classifier *model) {
  static const int32_t ids[] = {0, 1, 2, 3, 1, 0};
  size_t bytes = edgernn_ids_scratch_size(model, 6), outputs = edgernn_output_count(model);
  void *scratch = aligned(bytes), *probabilities = malloc(outputs * sizeof(float));
  for (size_t count = 1; scratch && probabilities && count <= 6; count++) {
    edgernn_run_ids(model, ids, count, scratch, bytes, probabilities, outputs);
  }
  free(scratch);
  free(probabilities);
  use(model, "good film", 9);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  size_t memory_bytes, kernels = 0;
  edgernn_classifier *model;
  int supported;
  uint8_t *data = malloc(size ? size : 1);
  if (size) memcpy(data, bytes, size);
  if (size > 8 && data[8] == 2) mend(data, size);
  /* Which kernels run depends on the file, so that all of them do. */
  while (edgernn_kernel_name(kernels + 1, &supported)) kernels++;
  const char *name = edgernn_kernel_name(size % (kernels + 1), &supported);
  if (!supported) name = NULL;
  if (!edgernn_memory_size(data, size, name, &memory_bytes) && memory_bytes <= MOST_BYTES) {
    void *memory = aligned(memory_bytes);
    if (!edgernn_open(data, size, name, memory, memory_bytes, &model)) {
      run(model);
      edgernn_free(model);
    }
    free(memory);
  }
  free(data);
  return 0;
}
