/* loader FILE...: opens each file, also in every way that a caller may get wrong, and prints the status, a
 * line each. A file that opens is run with all kernels. */
#define _POSIX_C_SOURCE 200112L
#include "edgernn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_BYTES ((size_t)1 << 25)

static void *aligned(size_t bytes) {
  void *memory = NULL;
  if (posix_memalign(&memory, EDGERNN_ALIGNMENT, bytes)) exit(1);
  return memory;
}

/* What a caller gets wrong: unaligned data or memory, too little of it, kernels that there are not. */
static int is_refused_when_misused(const unsigned char *data, size_t size, unsigned char *memory,
                                   size_t bytes) {
  edgernn_classifier *model;
  size_t unused;
  unsigned char *moved = aligned(size + 4);
  memcpy(moved + 1, data, size);
  int is_right = edgernn_memory_size(moved + 1, size, NULL, &unused) == EDGERNN_ERROR_ALIGNMENT;
  free(moved);
  is_right &= edgernn_open(data, size, NULL, memory, bytes - 1, &model) == EDGERNN_ERROR_MEMORY_TOO_SMALL;
  is_right &= edgernn_open(data, size, NULL, memory + 4, bytes, &model) == EDGERNN_ERROR_ALIGNMENT;
  return is_right && edgernn_open(data, size, "abacus", memory, bytes, &model) == EDGERNN_ERROR_KERNELS;
}

/* Run a model, and write its outputs to a new block. Return NULL if it does not open or run. */
static float *outputs_of(const unsigned char *data, size_t size, const char *kernels, size_t *bytes) {
  /* Padding, and words that follow on each other twice. */
  static const int32_t ids[] = {3, 1, 2, 0, 3, 1, 2};
  size_t count = sizeof ids / sizeof *ids, memory_bytes;
  edgernn_classifier *model;
  if (edgernn_memory_size(data, size, kernels, &memory_bytes)) return NULL;
  void *memory = aligned(memory_bytes);
  if (edgernn_open(data, size, kernels, memory, memory_bytes, &model)) return NULL;
  if (strcmp(edgernn_kernels(model), kernels)) return NULL;
  size_t scratch_bytes = edgernn_ids_scratch_size(model, count), outputs = edgernn_output_count(model);
  void *scratch = aligned(scratch_bytes);
  float *found = calloc(outputs, sizeof *found);
  edgernn_status status = edgernn_run_ids(model, ids, count, scratch, scratch_bytes, found, outputs);
  free(memory);
  free(scratch);
  *bytes = outputs * sizeof *found;
  /* Weights of any bits may make a NaN. */
  if (!status || status == EDGERNN_ERROR_OUTPUT) return found;
  free(found);
  return NULL;
}

/* Whether every kernels run, and give the same bits from data that suits no vector. */
static int runs_with_all_kernels(const unsigned char *data, size_t size) {
  int supported, is_right = edgernn_kernel_name(100, &supported) == NULL;
  const char *name;
  unsigned char *moved = aligned(size + 4);
  memcpy(moved + 4, data, size);
  for (size_t i = 0; (name = edgernn_kernel_name(i, &supported)); i++) {
    size_t bytes = 0;
    if (!supported) continue;
    float *in_place = outputs_of(data, size, name, &bytes), *copied = outputs_of(moved + 4, size, name, &bytes);
    is_right &= in_place && copied && !memcmp(in_place, copied, bytes);
    free(in_place);
    free(copied);
  }
  free(moved);
  return is_right;
}

static const char *outcome(const char *path, unsigned char *data) {
  size_t bytes, size;
  FILE *file = fopen(path, "rb");
  if (!file) return "cannot be read";
  size = fread(data, 1, MOST_BYTES, file);
  fclose(file);
  edgernn_status status = edgernn_memory_size(data, size, NULL, &bytes);
  if (status) {
    edgernn_classifier *model;
    int is_same = edgernn_open(data, size, NULL, data, MOST_BYTES, &model) == status;
    return is_same ? edgernn_status_name(status) : "open and memory_size differ";
  }
  unsigned char *memory = aligned(bytes + EDGERNN_ALIGNMENT);
  int is_right = is_refused_when_misused(data, size, memory, bytes) &&
                 runs_with_all_kernels(data, size);
  free(memory);
  return is_right ? edgernn_status_name(EDGERNN_OK) : "wrong";
}

int main(int count, char **arguments) {
  unsigned char *data = aligned(MOST_BYTES);
  for (int i = 1; i < count; i++) printf("%s\n", outcome(arguments[i], data));
  free(data);
  return 0;
}
