/* loader FILE...: opens each file as a model.bin, in every way that a caller may get wrong too, and says
 * what comes of it, a line each. A file is answered for once it is open. */
#define _POSIX_C_SOURCE 200112L
#include "edgernn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_BYTES ((size_t)1 << 25)

static void *aligned(size_t bytes) {
  void *memory = NULL;
  if (posix_memalign(&memory, EDGERNN_ALIGNMENT_BYTES, bytes)) exit(1);
  return memory;
}

/* What a caller gets wrong: unaligned data or memory, too little of it, kernels that there are not. */
static int is_refused_when_misused(const unsigned char *data, size_t size, unsigned char *memory,
                                   size_t bytes) {
  const edgernn_model *model;
  size_t unused;
  unsigned char *moved = aligned(size + 4);
  memcpy(moved + 1, data, size);
  int is_right = edgernn_memory_size(moved + 1, size, &unused) == EDGERNN_ALIGNMENT;
  free(moved);
  is_right &= edgernn_open(data, size, memory, bytes - 1, NULL, &model) == EDGERNN_MEMORY;
  is_right &= edgernn_open(data, size, memory + 4, bytes, NULL, &model) == EDGERNN_ALIGNMENT;
  return is_right && edgernn_open(data, size, memory, bytes, "abacus", &model) == EDGERNN_KERNELS;
}

static int answers_with_all_kernels(const unsigned char *data, size_t size, unsigned char *memory,
                                    size_t bytes) {
  /* Padding, and words that follow on each other twice. */
  static const int32_t ids[] = {3, 1, 2, 0, 3, 1, 2};
  size_t count = sizeof ids / sizeof *ids;
  int supported;
  const char *name;
  for (size_t i = 0; (name = edgernn_kernels(i, &supported)); i++) {
    const edgernn_model *model;
    if (!supported) continue;
    if (edgernn_open(data, size, memory, bytes, name, &model)) return 0;
    if (strcmp(edgernn_kernels_of(model), name)) return 0;
    size_t scratch_bytes = edgernn_scratch_size(model, count);
    void *scratch = aligned(scratch_bytes);
    float *probabilities = aligned(edgernn_outputs(model) * sizeof *probabilities);
    int is_right = !edgernn_predict_ids(model, ids, count, scratch, scratch_bytes, probabilities);
    free(scratch);
    free(probabilities);
    if (!is_right) return 0;
  }
  return edgernn_kernels(100, &supported) == NULL;
}

static const char *outcome(const char *path, unsigned char *data) {
  size_t bytes, size;
  FILE *file = fopen(path, "rb");
  if (!file) return "cannot be read";
  size = fread(data, 1, MOST_BYTES, file);
  fclose(file);
  edgernn_status status = edgernn_memory_size(data, size, &bytes);
  if (status) {
    const edgernn_model *model;
    int is_same = edgernn_open(data, size, data, MOST_BYTES, NULL, &model) == status;
    return is_same ? edgernn_message(status) : "open and memory_size differ";
  }
  unsigned char *memory = aligned(bytes + EDGERNN_ALIGNMENT_BYTES);
  int is_right = is_refused_when_misused(data, size, memory, bytes) &&
                 answers_with_all_kernels(data, size, memory, bytes);
  free(memory);
  return is_right ? edgernn_message(EDGERNN_OK) : "wrong";
}

int main(int count, char **arguments) {
  unsigned char *data = aligned(MOST_BYTES);
  for (int i = 1; i < count; i++) printf("%s\n", outcome(arguments[i], data));
  free(data);
  return 0;
}
