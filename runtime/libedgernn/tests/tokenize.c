/* Ids of texts: tokenize vocab.txt LOWER STRIP SPLIT MAX_LENGTH KEEP_TAIL PAD_TO [NGRAM...] < texts, each text a
 * little-endian length of four bytes and its bytes; prints ids, a line a text. */
#include "edgernn.h"

#include <stdio.h>
#include <stdlib.h>

static void check(int condition, const char *message) {
  if (condition) return;
  fprintf(stderr, "error: %s\n", message);
  exit(1);
}

static void *room(size_t bytes) {
  void *memory = aligned_alloc(EDGERNN_ALIGNMENT_BYTES, (bytes + 127) / 64 * 64);
  check(memory != NULL, "out of memory");
  return memory;
}

static char *read_file(const char *path, size_t *size) {
  FILE *file = fopen(path, "rb");
  check(file && !fseek(file, 0, SEEK_END), "the vocabulary cannot be read");
  *size = (size_t)ftell(file);
  char *data = room(*size);
  rewind(file);
  check(fread(data, 1, *size, file) == *size, "the vocabulary cannot be read");
  fclose(file);
  return data;
}

int main(int count, char **arguments) {
  static uint32_t ngrams[16];
  edgernn_rules rules = {0, 0, EDGERNN_WHITESPACE, ngrams, 0, 0, 0, 0};
  const edgernn_tokenizer *tokenizer;
  size_t size, bytes, most, ids_count;
  unsigned char head[4];
  check(count >= 8 && count < 24, "usage: tokenize vocab.txt LOWER STRIP SPLIT MAX TAIL PAD [N...]");
  char *vocabulary = read_file(arguments[1], &size);
  rules.lower = atoi(arguments[2]);
  rules.strip_punctuation = atoi(arguments[3]);
  rules.split = (edgernn_split)atoi(arguments[4]);
  rules.max_length = (uint32_t)atoi(arguments[5]);
  rules.keep_tail = atoi(arguments[6]);
  rules.pad_to = (uint32_t)atoi(arguments[7]);
  for (int i = 8; i < count; i++) ngrams[rules.ngram_count++] = (uint32_t)atoi(arguments[i]);
  edgernn_status status = edgernn_tokenizer_memory_size(vocabulary, size, &bytes);
  check(!status, edgernn_message(status));
  void *memory = room(bytes);
  status = edgernn_tokenizer_open(&rules, vocabulary, size, memory, bytes, &tokenizer);
  check(!status, edgernn_message(status));
  free(vocabulary);
  while (fread(head, 1, 4, stdin) == 4) {
    size_t length = (size_t)head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16;
    char *text = room(length);
    check(fread(text, 1, length, stdin) == length, "a text is cut short");
    size_t scratch_bytes = edgernn_tokenizer_scratch_size(tokenizer, length, &most);
    void *scratch = room(scratch_bytes);
    int32_t *ids = room(most * sizeof *ids);
    status = edgernn_tokenize(tokenizer, text, length, scratch, scratch_bytes, ids, &ids_count);
    check(!status, edgernn_message(status));
    for (size_t i = 0; i < ids_count; i++) printf("%d ", (int)ids[i]);
    printf("\n");
    free(text);
    free(scratch);
    free(ids);
  }
  free(memory);
  return 0;
}
