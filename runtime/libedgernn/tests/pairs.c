/* pairs MODEL: runs 300 texts on one thread and on two, and prints how many outputs differ in a bit. The
 * helper falls asleep before some of them. */
#define _POSIX_C_SOURCE 200112L
#include "edgernn.h"
#include "edgernn_helper.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TEXTS 300
#define MOST_IDS 60

static void *aligned(size_t bytes) {
  void *memory = NULL;
  return posix_memalign(&memory, EDGERNN_ALIGNMENT, bytes) ? NULL : memory;
}

static edgernn_classifier *opened(const char *path, void **data, void **memory) {
  edgernn_classifier *model = NULL;
  size_t bytes = 0, size = 1 << 20;
  FILE *file = fopen(path, "rb");
  *data = aligned(size);
  if (!file) return NULL;
  size = fread(*data, 1, size, file);
  fclose(file);
  if (edgernn_memory_size(*data, size, NULL, &bytes)) return NULL;
  *memory = aligned(bytes);
  edgernn_open(*data, size, NULL, *memory, bytes, &model);
  return model;
}

int main(int count, char **arguments) {
  void *data = NULL, *memory = NULL;
  edgernn_classifier *model = count == 2 ? opened(arguments[1], &data, &memory) : NULL;
  edgernn_helper helper;
  edgernn_executor executor = {edgernn_helper_run, &helper};
  int differ = 0;
  if (!model || edgernn_helper_open(&helper)) return 1;
  size_t bytes = edgernn_ids_scratch_size(model, MOST_IDS), outputs = edgernn_output_count(model);
  float *alone = aligned(outputs * sizeof *alone), *both = aligned(outputs * sizeof *both);
  void *scratch = aligned(bytes);
  for (int i = 0; i < TEXTS; i++) {
    int32_t ids[MOST_IDS];
    size_t length = 1 + (size_t)i * 7 % MOST_IDS;
    struct timespec nap = {0, 1000000};
    for (size_t t = 0; t < length; t++) ids[t] = (int32_t)((size_t)i * 31 + t * t * 17) % 50;
    if (i % 10 == 0) nanosleep(&nap, NULL);
    edgernn_set_executor(model, NULL);
    edgernn_run_ids(model, ids, length, scratch, bytes, alone, outputs);
    edgernn_set_executor(model, &executor);
    edgernn_run_ids(model, ids, length, scratch, bytes, both, outputs);
    differ += memcmp(alone, both, outputs * sizeof *alone) != 0;
  }
  edgernn_helper_close(&helper);
  printf("%d texts, %d differ\n", TEXTS, differ);
  free(scratch);
  free(alone);
  free(both);
  free(memory);
  free(data);
  return differ != 0;
}
