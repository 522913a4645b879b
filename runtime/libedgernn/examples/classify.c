#include <stdio.h>
#include <string.h>
#include "edgernn.h"

int main(int count, char **arguments) {
  edgernn_classifier *classifier;
  float probabilities[100];
  size_t label;
  if (count != 3) return 2;
  edgernn_status status = edgernn_load(arguments[1], &classifier);
  if (status == EDGERNN_OK) {
    const char *text = arguments[2];
    status = edgernn_classify(classifier, text, strlen(text), probabilities, 100, &label);
  }
  if (status != EDGERNN_OK) {
    fprintf(stderr, "error: %s\n", edgernn_status_message(status));
    edgernn_free(classifier);
    return 1;
  }
  if (label == EDGERNN_NO_LABEL) printf("no label\n");
  else printf("%s %.4f\n", edgernn_label(classifier, label), (double)probabilities[label]);
  edgernn_free(classifier);
  return 0;
}
