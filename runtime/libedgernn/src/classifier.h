/* An open classifier. */
#ifndef EDGERNN_CLASSIFIER_H
#define EDGERNN_CLASSIFIER_H

#include "bundle.h"
#include "model.h"
#include "tokenizer.h"

struct edgernn_classifier {
  edgernn_model model;
  /* Without a text section, `text.label_count` is 0. */
  edgernn_text text;
  /* vectors.json, empty without a bundle, and the largest error of an output that it accepts. */
  edgernn_span vectors;
  float tolerance;
  edgernn_executor executor;
  /* With a heap: what edgernn_free releases, and a scratch that is not in use. */
  void *file, *memory, *spare;
};

/* A file that was read and checked. */
typedef struct edgernn_opening {
  edgernn_span model;
  edgernn_bundle bundle;
  const edgernn_kernel_table *kernels;
  /* The bytes of memory that the open classifier needs. */
  size_t bytes;
} edgernn_opening;

/* Read and check a file. */
EDGERNN_INTERNAL edgernn_status edgernn_prepare(const void *data, size_t size, const char *kernels,
                                                edgernn_opening *opening);

/* Open a classifier in aligned memory of the prepared size. */
EDGERNN_INTERNAL edgernn_status edgernn_finish(const edgernn_opening *opening, void *memory,
                                               edgernn_classifier **classifier);

/* Return the executor, or NULL. */
EDGERNN_INTERNAL const edgernn_executor *edgernn_executor_of(const edgernn_classifier *classifier);

/* Return the bytes in front of which ids of a text end in the scratch of a classification. */
EDGERNN_INTERNAL size_t edgernn_id_bytes(size_t ids);

/* Check a text's size, and that the classifier has a tokenizer; that scratch suffices and is aligned. */
EDGERNN_INTERNAL edgernn_status edgernn_check_text(const edgernn_classifier *classifier, const char *text,
                                                   size_t text_bytes);
EDGERNN_INTERNAL edgernn_status edgernn_check_scratch(const void *scratch, size_t bytes, size_t needed);

/* Check that outputs [output_count] are probabilities. */
EDGERNN_INTERNAL edgernn_status edgernn_check_outputs(const edgernn_classifier *classifier, const float *outputs);

/* Write the outputs [output_count] for ids, which may be none, and check them. */
EDGERNN_INTERNAL edgernn_status edgernn_outputs_of(const edgernn_classifier *classifier, const int32_t *ids,
                                                   size_t count, void *scratch, float *outputs);

/* Return the number of labels, also of a model.bin that does not name them. */
EDGERNN_INTERNAL size_t edgernn_probability_count(const edgernn_classifier *classifier);

/* Make probabilities [label_count] of the outputs in their first places, and return the most probable label. */
EDGERNN_INTERNAL size_t edgernn_spread(const edgernn_classifier *classifier, float *probabilities);

/* Return the label of edgernn_classify, given the most probable one. */
EDGERNN_INTERNAL size_t edgernn_choose(const edgernn_classifier *classifier, const float *probabilities,
                                       size_t best);

#endif
