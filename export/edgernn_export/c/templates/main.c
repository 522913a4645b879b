/* Reads lines, and prints the label of each and its probability. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "@name@.h"

/* Read a line of any length without its end. Return 0 at the end of the file, -1 without memory. */
static int read_line(char **line, size_t *room, size_t *length) {
  int byte;
  *length = 0;
  while ((byte = getchar()) != EOF && byte != '\n') {
    if (*length == *room) {
      size_t larger = *room ? 2 * *room : 1024;
      char *grown = (char *)realloc(*line, larger);
      if (!grown) return -1;
      *line = grown;
      *room = larger;
    }
    (*line)[(*length)++] = (char)byte;
  }
  if (*length && (*line)[*length - 1] == '\r') --*length;
  return byte != EOF || *length;
}

int main(void) {
  edgernn_classifier *classifier;
  static float probabilities[@NAME@_LABELS];
  char *line = NULL;
  size_t room = 0, length, label;
  int more = 0;
  edgernn_status status = @name@_load(&classifier);
  while (!status && (more = read_line(&line, &room, &length)) == 1) {
    status = edgernn_classify(classifier, line ? line : "", length, probabilities, @NAME@_LABELS, &label);
    if (status) continue;
    if (label == EDGERNN_NO_LABEL) {
      printf("-\n");
    } else {
      printf("%s\t%.4f\n", edgernn_label(classifier, label), (double)probabilities[label]);
    }
  }
  if (more < 0) status = EDGERNN_ERROR_OUT_OF_MEMORY;
  if (status) fprintf(stderr, "error: %s\n", edgernn_status_message(status));
  free(line);
  edgernn_free(classifier);
  return status != EDGERNN_OK;
}
