/* replay MODEL.bin [KERNELS] < ids: runs a model on lines of ids, and prints the outputs, a line each. */
#include "edgernn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_IDS 8192

static void fail(const char *message) {
  fprintf(stderr, "error: %s\n", message);
  exit(1);
}

static void check(edgernn_status status) {
  if (status) fail(edgernn_status_message(status));
}

static void *taken[8];
static size_t taken_count;

static void *room(size_t bytes) {
  unsigned char *memory = malloc(bytes + EDGERNN_ALIGNMENT);
  if (!memory) fail("out of memory");
  taken[taken_count++] = memory;
  return memory + (EDGERNN_ALIGNMENT - (uintptr_t)memory % EDGERNN_ALIGNMENT);
}

static void *read_file(const char *path, size_t *size) {
  FILE *file = fopen(path, "rb");
  if (!file || fseek(file, 0, SEEK_END)) fail("the model cannot be read");
  *size = (size_t)ftell(file);
  void *data = room(*size);
  rewind(file);
  if (fread(data, 1, *size, file) != *size) fail("the model cannot be read");
  fclose(file);
  return data;
}

int main(int count, char **arguments) {
  static int32_t ids[MOST_IDS];
  static char line[MOST_IDS * 12];
  size_t size, bytes;
  edgernn_classifier *model;
  if (count < 2) fail("usage: replay MODEL.bin [KERNELS] < ids");
  void *data = read_file(arguments[1], &size);
  const char *kernels = count > 2 ? arguments[2] : NULL;
  check(edgernn_memory_size(data, size, kernels, &bytes));
  check(edgernn_open(data, size, kernels, room(bytes), bytes, &model));
  size_t scratch_bytes = edgernn_ids_scratch_size(model, MOST_IDS), outputs = edgernn_output_count(model);
  void *scratch = room(scratch_bytes);
  float *probabilities = room(outputs * sizeof(float));
  fprintf(stderr, "%s\n", edgernn_kernels(model));
  while (fgets(line, sizeof line, stdin)) {
    size_t length = 0;
    for (char *at = strtok(line, " \n"); at && length < MOST_IDS; at = strtok(NULL, " \n")) {
      ids[length++] = (int32_t)strtol(at, NULL, 10);
    }
    check(edgernn_run_ids(model, ids, length, scratch, scratch_bytes, probabilities, outputs));
    for (size_t i = 0; i < outputs; i++) printf("%.9g ", (double)probabilities[i]);
    printf("\n");
  }
  while (taken_count) free(taken[--taken_count]);
  return 0;
}
