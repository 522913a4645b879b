/* What the fuzz targets share: whatever the bytes, a call returns, and no sanitizer stops it. */
#include "edgernn.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Find the labels of a text, which are some of all labels. */
static void use_labels(const edgernn_classifier *classifier, const float *probabilities, size_t labels) {
  size_t best, runner_up, count, *applying = malloc((labels + 1) * sizeof *applying);
  if (edgernn_rank(classifier, probabilities, &best, &runner_up) || best >= labels) abort();
  if (runner_up == best || (labels > 1 && runner_up >= labels)) abort();
  if (edgernn_labels(classifier, probabilities, applying, labels, &count) || count > labels) abort();
  for (size_t i = 0; i < count; i++) {
    if (applying[i] >= labels) abort();
  }
  free(applying);
}

/* Use a classifier in every way. */
static void use(const edgernn_classifier *classifier, const char *text, size_t text_bytes) {
  size_t labels = edgernn_label_count(classifier), label = 0, texts, count;
  float *probabilities = malloc((labels + 1) * sizeof *probabilities), error;
  edgernn_token tokens[8];
  char spellings[64];
  for (size_t i = 0; i < labels; i++) {
    if (!edgernn_label(classifier, i)) abort();
  }
  edgernn_status status = edgernn_classify(classifier, text, text_bytes, probabilities, labels, &label);
  if (!status && label >= labels && label != EDGERNN_NO_LABEL) abort();
  if (!status) use_labels(classifier, probabilities, labels);
  if (labels && edgernn_classify(classifier, text, text_bytes, probabilities, labels - 1, &label) == EDGERNN_OK) {
    abort();
  }
  edgernn_self_test(classifier, &texts, &error);
  edgernn_explain(classifier, text, text_bytes, tokens, 8, &count, spellings, sizeof spellings);
  free(probabilities);
}
