/* What the fuzz targets share: whatever the bytes, a call returns, and no sanitizer stops it. */
#include "edgernn.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

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
  if (!status && label >= labels) abort();
  if (labels && edgernn_classify(classifier, text, text_bytes, probabilities, labels - 1, &label) == EDGERNN_OK) {
    abort();
  }
  edgernn_self_test(classifier, &texts, &error);
  edgernn_explain(classifier, text, text_bytes, tokens, 8, &count, spellings, sizeof spellings);
  free(probabilities);
}
