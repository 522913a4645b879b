#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "edgernn.h"

int main(int count, char **arguments) {
  edgernn_classifier *classifier;
  size_t label;
  if (count != 3) return 2;
  const char *text = arguments[2];
  edgernn_status status = edgernn_load(arguments[1], &classifier);
  size_t labels = edgernn_label_count(classifier);
  float *probabilities = malloc(labels * sizeof *probabilities);
  if (!status) status = edgernn_classify(classifier, text, strlen(text), probabilities, labels, &label);
  if (status) {
    fprintf(stderr, "error: %s\n", edgernn_status_message(status));
  } else if (label == EDGERNN_NO_LABEL) {
    printf("-\n");
  } else {
    printf("%s %.4f\n", edgernn_label(classifier, label), (double)probabilities[label]);
  }
  free(probabilities);
  edgernn_free(classifier);
  return status != EDGERNN_OK;
}
