/* The functions with a heap: they own what the caller gives to those without. */
#include "heap.h"

#if EDGERNN_HAS_HEAP

#include <stdlib.h>

#if EDGERNN_HAS_FILES
#include <stdio.h>
#endif

/* What is in front of a block. */
typedef struct block_head {
  void *whole;
  size_t bytes;
} block_head;

static block_head *head_of(void *block) {
  return (block_head *)(void *)((unsigned char *)block - sizeof(block_head));
}

EDGERNN_INTERNAL void *edgernn_allocate(size_t bytes) {
  size_t extra = sizeof(block_head) + EDGERNN_ALIGNMENT;
  unsigned char *whole = bytes < (size_t)-1 - extra ? (unsigned char *)malloc(bytes + extra) : NULL;
  if (!whole) return NULL;
  size_t past = (uintptr_t)(whole + sizeof(block_head)) % EDGERNN_ALIGNMENT;
  void *block = whole + sizeof(block_head) + (EDGERNN_ALIGNMENT - past) % EDGERNN_ALIGNMENT;
  head_of(block)->whole = whole;
  head_of(block)->bytes = bytes;
  return block;
}

EDGERNN_INTERNAL size_t edgernn_block_bytes(const void *block) { return head_of((void *)(uintptr_t)block)->bytes; }

EDGERNN_INTERNAL void edgernn_release(void *block) {
  if (block) free(head_of(block)->whole);
}

/* ---- A spare scratch, so that most calls need no malloc ----------------------------------------- */

#if defined(__GNUC__) || defined(__clang__)
static void *exchange(void **place, void *value) { return __atomic_exchange_n(place, value, __ATOMIC_ACQ_REL); }
#else
/* Without atomic operations there is no spare scratch. */
static void *exchange(void **place, void *value) {
  (void)place;
  return value;
}
#endif

/* The spare is the one thing in a shared classifier that changes. */
static void **spare_of(const edgernn_classifier *classifier) {
  return &((edgernn_classifier *)(uintptr_t)classifier)->spare;
}

EDGERNN_INTERNAL void *edgernn_take_scratch(const edgernn_classifier *classifier, size_t bytes) {
  void *scratch = exchange(spare_of(classifier), NULL);
  if (scratch && edgernn_block_bytes(scratch) >= bytes) return scratch;
  edgernn_release(scratch);
  return edgernn_allocate(bytes);
}

EDGERNN_INTERNAL void edgernn_give_scratch(const edgernn_classifier *classifier, void *scratch) {
  if (scratch) edgernn_release(exchange(spare_of(classifier), scratch));
}

/* ---- Loading ----------------------------------------------------------------------------------- */

static edgernn_status load(const void *data, size_t size, edgernn_classifier **classifier) {
  edgernn_opening opening;
  edgernn_status status = edgernn_prepare(data, size, NULL, &opening);
  if (status) return status;
  void *memory = edgernn_allocate(opening.bytes);
  if (!memory) return EDGERNN_ERROR_OUT_OF_MEMORY;
  status = edgernn_finish(&opening, memory, classifier);
  if (status) {
    edgernn_release(memory);
  } else {
    (*classifier)->memory = memory;
  }
  return status;
}

edgernn_status edgernn_load_memory(const void *data, size_t size, edgernn_classifier **classifier) {
  if (!classifier) return EDGERNN_ERROR_ARGUMENT;
  *classifier = NULL;
  return data ? load(data, size, classifier) : EDGERNN_ERROR_ARGUMENT;
}

#if EDGERNN_HAS_FILES
/* Read a file to the end into a block with three bytes of room in front of it. */
static edgernn_status read_file(FILE *stream, unsigned char **block, size_t *size) {
  long end = fseek(stream, 0, SEEK_END) ? -1 : ftell(stream);
  if (end < 0 || fseek(stream, 0, SEEK_SET)) return EDGERNN_ERROR_NOT_FOUND;
  /* The end of a folder is LONG_MAX on Linux. */
  if (end >= 0x7fffffff) return EDGERNN_ERROR_NOT_A_BUNDLE;
  *size = (size_t)end;
  *block = (unsigned char *)edgernn_allocate(*size + 4);
  if (!*block) return EDGERNN_ERROR_OUT_OF_MEMORY;
  return fread(*block, 1, *size, stream) == *size ? EDGERNN_OK : EDGERNN_ERROR_NOT_FOUND;
}

edgernn_status edgernn_load(const char *path, edgernn_classifier **classifier) {
  unsigned char *block = NULL;
  size_t size = 0;
  if (!classifier) return EDGERNN_ERROR_ARGUMENT;
  *classifier = NULL;
  if (!path) return EDGERNN_ERROR_ARGUMENT;
  FILE *stream = fopen(path, "rb");
  if (!stream) return EDGERNN_ERROR_NOT_FOUND;
  edgernn_status status = read_file(stream, &block, &size);
  fclose(stream);
  if (!status) status = load(block, size, classifier);
  /* Bundles that another tool zipped may have the model at any place: move it to a multiple of 4. */
  for (size_t shift = 1; status == EDGERNN_ERROR_ALIGNMENT && shift < 4; shift++) {
    memmove(block + shift, block + shift - 1, size);
    status = load(block + shift, size, classifier);
  }
  if (status) {
    edgernn_release(block);
  } else {
    (*classifier)->file = block;
  }
  return status;
}
#endif

void edgernn_free(edgernn_classifier *classifier) {
  if (!classifier) return;
  void *memory = classifier->memory;
  edgernn_release(exchange(&classifier->spare, NULL));
  edgernn_release(classifier->file);
  edgernn_release(memory);
}

/* ---- Classifying ------------------------------------------------------------------------------- */

edgernn_status edgernn_classify(const edgernn_classifier *classifier, const char *text, size_t text_bytes,
                                float *probabilities, size_t capacity, size_t *label) {
  size_t bytes = edgernn_tokenizer_scratch_size(classifier, text_bytes), ids = 0;
  /* Enough for the common text: most have fewer tokens than they could have. */
  if (bytes) ids = edgernn_most_ids(&classifier->text, text_bytes);
  size_t common = edgernn_ids_scratch_size(classifier, ids / 2 + 1);
  bytes = edgernn_id_bytes(ids) + (common > bytes ? common : bytes);
  for (int attempt = 0;; attempt++) {
    void *scratch = classifier ? edgernn_take_scratch(classifier, bytes) : NULL;
    if (classifier && !scratch) return EDGERNN_ERROR_OUT_OF_MEMORY;
    size_t room = scratch ? edgernn_block_bytes(scratch) : 0;
    edgernn_status status =
        edgernn_classify_in(classifier, text, text_bytes, scratch, room, probabilities, capacity, label);
    if (classifier) edgernn_give_scratch(classifier, scratch);
    if (status != EDGERNN_ERROR_MEMORY_TOO_SMALL || attempt) return status;
    bytes = edgernn_scratch_size(classifier, text_bytes);
  }
}

#endif
