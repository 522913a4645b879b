/* tokenize FILE < texts: the ids of texts by the tokenizer of a bundle or model.bin. Each text is a
 * little-endian length of four bytes and its bytes. Prints a line of ids for each text. */
#include "edgernn.h"

#include <stdio.h>
#include <stdlib.h>

static void check(int condition, const char *message) {
  if (condition) return;
  fprintf(stderr, "error: %s\n", message);
  exit(1);
}

static void *room(size_t bytes) {
  void *memory = aligned_alloc(EDGERNN_ALIGNMENT, (bytes + 127) / 64 * 64);
  check(memory != NULL, "out of memory");
  return memory;
}

int main(int count, char **arguments) {
  edgernn_classifier *classifier;
  unsigned char head[4];
  check(count == 2, "usage: tokenize FILE < texts");
  edgernn_status status = edgernn_load(arguments[1], &classifier);
  check(!status, edgernn_status_message(status));
  while (fread(head, 1, 4, stdin) == 4) {
    size_t length = (size_t)head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16, ids_count, same;
    char *text = room(length);
    check(fread(text, 1, length, stdin) == length, "a text is cut short");
    size_t scratch_bytes = edgernn_tokenizer_scratch_size(classifier, length);
    void *scratch = room(scratch_bytes);
    /* Without room the count alone, and then exactly that many. */
    status = edgernn_tokenize(classifier, text, length, scratch, scratch_bytes, NULL, 0, &ids_count);
    check(status == (ids_count ? EDGERNN_ERROR_CAPACITY : EDGERNN_OK), "a capacity of 0 is taken");
    int32_t *ids = malloc(ids_count * sizeof *ids + 1);
    status = edgernn_tokenize(classifier, text, length, scratch, scratch_bytes, ids, ids_count, &same);
    check(!status && same == ids_count, edgernn_status_message(status));
    for (size_t i = 0; i < ids_count; i++) printf("%d ", (int)ids[i]);
    printf("\n");
    free(text);
    free(scratch);
    free(ids);
  }
  edgernn_free(classifier);
  return 0;
}
