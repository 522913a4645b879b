/* batch BUNDLE: runs random batches with each kind of kernels, compares every probability with that of the
 * text alone, and prints a line for each kind: a hash of all probabilities. */
#include "edgernn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST 70
#define TEXT_BYTES 900

static uint32_t state;

static uint32_t draw(uint32_t below) {
  state = state * 1664525u + 1013904223u;
  return (state >> 8) % below;
}

static uint64_t hashed(uint64_t hash, const void *data, size_t bytes) {
  for (size_t i = 0; i < bytes; i++) hash = (hash ^ ((const unsigned char *)data)[i]) * 1099511628211u;
  return hash;
}

static void *aligned(size_t bytes, void **whole) {
  *whole = malloc(bytes + EDGERNN_ALIGNMENT);
  uintptr_t past = (uintptr_t)*whole % EDGERNN_ALIGNMENT;
  return *whole ? (unsigned char *)*whole + (EDGERNN_ALIGNMENT - past) % EDGERNN_ALIGNMENT : NULL;
}

static size_t fill(char *text, size_t capacity) {
  static const char *const words[] = {"a ", "the film ", "not ", "good ", "bad, ", "plot ", "xyzzy ", "\xc3\xa9t\xc3\xa9 "};
  size_t used = 0, most = draw(4) == 0 ? draw(12) : draw((uint32_t)capacity);
  while (draw(200)) {
    const char *word = words[draw(8)];
    if (used + strlen(word) > most) break;
    memcpy(text + used, word, strlen(word));
    used += strlen(word);
  }
  return used;
}

/* Return whether the texts of a batch have the bits of each text alone. */
static int is_equal(const edgernn_classifier *c, const char *const *texts, const size_t *sizes, size_t count,
                    const float *found, const size_t *labels, const edgernn_status *statuses) {
  size_t label, width = edgernn_label_count(c);
  float *alone = malloc(width * sizeof *alone);
  int equal = alone != NULL;
  for (size_t i = 0; i < count && equal; i++) {
    edgernn_status status = edgernn_classify(c, texts[i], sizes[i], alone, width, &label);
    equal = status == statuses[i];
    if (!status && equal) equal = label == labels[i] && !memcmp(alone, found + i * width, width * sizeof *alone);
    if (!equal) printf("text %zu of %zu: status %d and %d\n", i, count, status, statuses[i]);
  }
  free(alone);
  return equal;
}

static int run(const edgernn_classifier *c, uint64_t *hash) {
  static char memory[MOST][TEXT_BYTES];
  const char *texts[MOST];
  size_t sizes[MOST], labels[MOST], width = edgernn_label_count(c), count = draw(MOST + 1);
  edgernn_status statuses[MOST];
  float *found = calloc(MOST * width, sizeof *found);
  void *whole = NULL;
  for (size_t i = 0; i < count; i++) {
    texts[i] = memory[i];
    sizes[i] = fill(memory[i], TEXT_BYTES);
    if (draw(20) == 0) sizes[i] = EDGERNN_MAX_TEXT_BYTES + 1;
    if (draw(20) == 0) texts[i] = NULL;
  }
  edgernn_status status;
  if (draw(2)) {
    status = edgernn_classify_batch(c, texts, sizes, count, found, MOST * width, labels, statuses);
  } else {
    /* The size that the query says, or as little as holds the ids and one text at a time. */
    size_t bytes = edgernn_batch_scratch_size(c, sizes, count), most = 0;
    for (size_t i = 0; i < count; i++) {
      size_t own = edgernn_scratch_size(c, sizes[i]);
      most = own > most ? own : most;
    }
    if (draw(2) && bytes > 12 * most) bytes -= 12 * most;
    void *scratch = aligned(bytes, &whole);
    status = edgernn_classify_batch_in(c, texts, sizes, count, scratch, bytes, found, MOST * width, labels, statuses);
  }
  int equal = status == EDGERNN_OK && is_equal(c, texts, sizes, count, found, labels, statuses);
  if (status) printf("%s\n", edgernn_status_name(status));
  for (size_t i = 0; i < count; i++) {
    if (!statuses[i]) *hash = hashed(*hash, found + i * width, width * sizeof *found);
  }
  free(whole);
  free(found);
  return equal;
}

static int check(const void *data, size_t size, const char *kernels, int batches) {
  size_t bytes;
  void *whole;
  edgernn_classifier *c;
  uint64_t hash = 14695981039346656037u;
  if (edgernn_memory_size(data, size, kernels, &bytes)) return 0;
  void *memory = aligned(bytes, &whole);
  int equal = !edgernn_open(data, size, kernels, memory, bytes, &c);
  state = 1;
  for (int i = 0; i < batches && equal; i++) equal = run(c, &hash);
  if (equal) printf("%s %016llx\n", kernels, (unsigned long long)hash);
  if (equal) edgernn_free(c);
  free(whole);
  return equal;
}

int main(int count, char **arguments) {
  FILE *stream = count >= 2 ? fopen(arguments[1], "rb") : NULL;
  int batches = count >= 3 ? atoi(arguments[2]) : 8, supported, equal = 1;
  static unsigned char file[4 << 20];
  void *whole;
  const char *name;
  if (!stream) return 2;
  size_t size = fread(file, 1, sizeof file, stream);
  fclose(stream);
  /* A block that ends where the file does, so that a sanitizer sees reads behind it. */
  void *data = aligned(size, &whole);
  if (!data) return 2;
  memcpy(data, file, size);
  for (size_t i = 0; equal && (name = edgernn_kernel_name(i, &supported)); i++) {
    if (supported) equal = check(data, size, name, batches);
  }
  free(whole);
  return !equal;
}
