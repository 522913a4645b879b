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
  EDGERNN_BIG_ENDIAN
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

/* Return a sentence for a status. */
const char *edgernn_message(edgernn_status status);

#ifdef __cplusplus
}
#endif

#endif
