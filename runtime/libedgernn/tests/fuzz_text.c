/* libFuzzer target: any text with one of the classifiers that are named in EDGERNN_FUZZ_FILES. */
#include "fuzz.h"

#define MOST_FILES 64

static edgernn_classifier *classifiers[MOST_FILES];
static size_t count;

static void load_all(void) {
  char *names = getenv("EDGERNN_FUZZ_FILES");
  for (char *name = names ? strtok(names, " ") : NULL; name && count < MOST_FILES; name = strtok(NULL, " ")) {
    if (edgernn_load(name, &classifiers[count])) abort();
    count++;
  }
  if (!count) abort();
}

/* A byte that chooses the classifier, and the text. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  if (!count) load_all();
  if (!size) return 0;
  const edgernn_classifier *classifier = classifiers[bytes[0] % count];
  size_t text_bytes = size - 1, ids_count, room = edgernn_tokenizer_scratch_size(classifier, text_bytes);
  char *text = malloc(size);
  memcpy(text, bytes + 1, text_bytes);
  int32_t ids[64];
  void *scratch = aligned_alloc(64, (room + 63) / 64 * 64);
  edgernn_status status = edgernn_tokenize(classifier, text, text_bytes, scratch, room, ids, 64, &ids_count);
  if (status && status != EDGERNN_ERROR_CAPACITY) abort();
  free(scratch);
  use(classifier, text, text_bytes);
  free(text);
  return 0;
}
