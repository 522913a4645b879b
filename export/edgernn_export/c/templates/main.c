/* Reads lines, and prints the label of each and its probability. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "classifier.h"
#include "model.h"

/* Read a line of any length, without its end. Return 0 at the end of the file, -1 if out of memory. */
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
  classifier *c = classifier_open();
  char *line = NULL;
  size_t room = 0, length;
  float probabilities[MODEL_LABELS];
  int status = 1;
  while (c && (status = read_line(&line, &room, &length)) == 1) {
    int best = classifier_predict(c, line ? line : "", length, probabilities);
    if (best < 0) {
      status = -1;
      break;
    }
    printf("%s\t%.4f\n", model_labels[best], (double)probabilities[best]);
  }
  if (!c || status < 0) fprintf(stderr, "error: there is not enough memory\n");
  free(line);
  classifier_close(c);
  return c && status == 0 ? 0 : 1;
}
