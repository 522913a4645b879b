/* libFuzzer's target: whatever rules, vocabulary and text, ids come out, and all of them are in the vocabulary. */
#define _POSIX_C_SOURCE 200112L
#include "edgernn.h"

#include <stdlib.h>
#include <string.h>

static void *aligned(size_t bytes) {
  void *memory = NULL;
  return posix_memalign(&memory, EDGERNN_ALIGNMENT_BYTES, bytes ? bytes : 1) ? NULL : memory;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Two bytes of rules and one that says how much of the rest is vocabulary. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  static const uint32_t ngrams[] = {1, 3, 2};
  const edgernn_tokenizer *tokenizer;
  size_t memory_bytes, most, count = 0;
  if (size < 3) return 0;
  edgernn_rules rules = {bytes[0] & 1, bytes[0] >> 1 & 1, (edgernn_split)(bytes[0] >> 2 & 3),
                         ngrams, (bytes[0] >> 4 & 3) % 4, bytes[1] & 7, bytes[0] >> 6 & 1,
                         bytes[1] >> 3 & 7};
  size_t vocabulary_size = bytes[2] < size - 3 ? bytes[2] : size - 3;
  size_t text_size = size - 3 - vocabulary_size;
  char *vocabulary = malloc(vocabulary_size + 1), *text = malloc(text_size + 1);
  memcpy(vocabulary, bytes + 3, vocabulary_size);
  memcpy(text, bytes + 3 + vocabulary_size, text_size);
  if (!edgernn_tokenizer_memory_size(vocabulary, vocabulary_size, &memory_bytes)) {
    void *memory = aligned(memory_bytes);
    if (!edgernn_tokenizer_open(&rules, vocabulary, vocabulary_size, memory, memory_bytes, &tokenizer)) {
      size_t scratch_bytes = edgernn_tokenizer_scratch_size(tokenizer, text_size, &most);
      void *scratch = aligned(scratch_bytes);
      int32_t *ids = aligned(most * sizeof *ids);
      if (edgernn_tokenize(tokenizer, text, text_size, scratch, scratch_bytes, ids, &count)) abort();
      if (count > most) abort();
      for (size_t i = 0; i < count; i++) {
        if (ids[i] < 0 || (size_t)ids[i] > vocabulary_size) abort();
      }
      free(scratch);
      free(ids);
    }
    free(memory);
  }
  free(vocabulary);
  free(text);
  return 0;
}
