/* edgernn: recurrent text classifiers on anything with a C compiler.
 *
 * C99, no dependency but libm. No function allocates, prints or keeps state of its own: the caller
 * owns all memory. A model that is open is read only, so threads may share it, each with a scratch
 * of its own.
 *
 *     size_t bytes;
 *     edgernn_memory_size(data, size, &bytes);
 *     edgernn_open(data, size, malloc(bytes), bytes, NULL, &model);
 *     size_t scratch_bytes = edgernn_scratch_size(model, count);
 *     edgernn_predict_ids(model, ids, count, malloc(scratch_bytes), scratch_bytes, probabilities);
 */
#ifndef EDGERNN_H
#define EDGERNN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a call comes to. */
typedef enum edgernn_status {
  EDGERNN_OK = 0,
  /* The bytes do not begin as a model.bin does. */
  EDGERNN_NOT_A_MODEL,
  /* The file is of a newer version. */
  EDGERNN_VERSION,
  /* A number in the file is outside its bounds. */
  EDGERNN_MALFORMED,
  /* The caller's memory is smaller than the size that was asked for. */
  EDGERNN_MEMORY,
  /* The data, or the memory, does not start at a multiple of 4 or 64 bytes. */
  EDGERNN_ALIGNMENT,
  /* There is no id, or one is outside the embedding. */
  EDGERNN_IDS,
  /* No kernels of that name, or the processor lacks their instructions. */
  EDGERNN_KERNELS,
  /* The processor is big-endian, and the file's numbers are little-endian. */
  EDGERNN_BIG_ENDIAN,
  /* A line of the vocabulary has no end, or an escape that there is not. */
  EDGERNN_VOCABULARY
} edgernn_status;

/* An open model: within the caller's memory. */
typedef struct edgernn_model edgernn_model;

/* Memory and scratch start at a multiple of this. */
#define EDGERNN_ALIGNMENT_BYTES 64

/* Check a model.bin, and say how many bytes of memory an open one takes.
 *
 * data: the file, mapped or in flash, at a multiple of 4; it is read only and stays the caller's. */
edgernn_status edgernn_memory_size(const void *data, size_t size, size_t *bytes);

/* Open a model.bin; `*model` lies in `memory`, and both it and `data` must outlive it.
 *
 * kernels: NULL for the fastest that the processor has, or a name of `edgernn_kernels`. */
edgernn_status edgernn_open(const void *data, size_t size, void *memory, size_t memory_bytes,
                            const char *kernels, const edgernn_model **model);

/* Return the bytes of scratch for a text of `count` ids; they grow with it. */
size_t edgernn_scratch_size(const edgernn_model *model, size_t count);

/* Return the number of the model's outputs, C. */
size_t edgernn_outputs(const edgernn_model *model);

/* Return the name of the kernels that the model runs with. */
const char *edgernn_kernels_of(const edgernn_model *model);

/* Return the name of the i-th kernels of this build, fastest first, or NULL after the last;
 * `*supported` says whether this processor can run them. */
const char *edgernn_kernels(size_t i, int *supported);

/* Write the probabilities [C] of a text of `count` ids, at least one: of each label, or of the second
 * one alone where there are two. */
edgernn_status edgernn_predict_ids(const edgernn_model *model, const int32_t *ids, size_t count,
                                   void *scratch, size_t scratch_bytes, float *probabilities);

/* Runs task(argument, 0) and task(argument, 1), on two threads or one, and returns when both are done. */
typedef struct edgernn_pair {
  void (*run)(void *context, void (*task)(void *argument, size_t index), void *argument);
  void *context;
} edgernn_pair;

/* The same, to the bit, with the two directions of a layer run by `pair`; NULL for one thread. */
edgernn_status edgernn_predict_ids_in_pairs(const edgernn_model *model, const int32_t *ids,
                                            size_t count, void *scratch, size_t scratch_bytes,
                                            float *probabilities, const edgernn_pair *pair);

/* ---- Text to ids: the tokenizer contract, docs/tokenizer.md ------------------------------------ */

typedef enum edgernn_split {
  EDGERNN_WHITESPACE,
  EDGERNN_CHARACTER,
  EDGERNN_NO_SPLIT,
  /* The rules of edgernn-tokenizer/2, which has its own case folding: `lower` and `strip_punctuation`
   * have no meaning with it. */
  EDGERNN_UNICODE
} edgernn_split;

/* The rules of a tokenizer, as the manifest has them. */
typedef struct edgernn_rules {
  /* Whether A to Z become lower case, and whether ASCII punctuation is left out. */
  int lower, strip_punctuation;
  edgernn_split split;
  /* The widths of the n-grams in the order in which they are emitted; none where the count is 0. */
  const uint32_t *ngrams;
  uint32_t ngram_count;
  /* The most ids that a text keeps, 0 for all; and whether they are its first and last ones. */
  uint32_t max_length;
  int keep_tail;
  /* The length to which ids are cut and padded with 0, or 0 for bare ids without a 0. */
  uint32_t pad_to;
} edgernn_rules;

/* An open tokenizer: within the caller's memory. */
typedef struct edgernn_tokenizer edgernn_tokenizer;

/* Check a vocab.txt, and say how many bytes of memory an open tokenizer takes. */
edgernn_status edgernn_tokenizer_memory_size(const char *vocabulary, size_t size, size_t *bytes);

/* Open a tokenizer; `*tokenizer` lies in `memory`. The rules are copied, their n-grams are not; the
 * vocabulary is not needed any more. */
edgernn_status edgernn_tokenizer_open(const edgernn_rules *rules, const char *vocabulary, size_t size,
                                      void *memory, size_t memory_bytes,
                                      const edgernn_tokenizer **tokenizer);

/* Return the bytes of scratch, and in `*most` the most ids, for a text of so many bytes. */
size_t edgernn_tokenizer_scratch_size(const edgernn_tokenizer *tokenizer, size_t text_bytes,
                                      size_t *most);

/* Write the ids of a text of UTF-8, valid or not, and their number, which may be 0. */
edgernn_status edgernn_tokenize(const edgernn_tokenizer *tokenizer, const char *text,
                                size_t text_bytes, void *scratch, size_t scratch_bytes,
                                int32_t *ids, size_t *count);

/* Return a sentence for a status. */
const char *edgernn_message(edgernn_status status);

#ifdef __cplusplus
}
#endif

#endif
