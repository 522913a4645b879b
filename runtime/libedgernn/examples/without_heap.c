/* without_heap MODEL.edgernn TEXT: the same with the program's own memory, as on a microcontroller. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "edgernn.h"

/* The file would be in flash; memory and scratch are as large as the queries say for this model. */
static _Alignas(EDGERNN_ALIGNMENT) unsigned char file[2 << 20], memory[64 << 10], scratch[512 << 10];

int main(int count, char **arguments) {
  edgernn_classifier *classifier;
  float probabilities[256];
  size_t label, size;
  FILE *stream = count == 3 ? fopen(arguments[1], "rb") : NULL;
  if (!stream) return 2;
  size = fread(file, 1, sizeof file, stream);
  fclose(stream);
  edgernn_status status = edgernn_open(file, size, NULL, memory, sizeof memory, &classifier);
  if (!status) {
    status = edgernn_classify_in(classifier, arguments[2], strlen(arguments[2]), scratch,
                                 sizeof scratch, probabilities, 256, &label);
  }
  if (status) {
    fprintf(stderr, "error: %s\n", edgernn_status_message(status));
    return 1;
  }
  if (label == EDGERNN_NO_LABEL) {
    printf("-\n");
  } else {
    printf("%s %.4f\n", edgernn_label(classifier, label), (double)probabilities[label]);
  }
  return 0;
}
