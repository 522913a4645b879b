/* Prints the label of each text and its probability. Texts are the arguments, or lines. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef _WIN32
#include <io.h>
#define isatty _isatty
#else
#include <unistd.h>
#endif

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

static edgernn_status print_label(const edgernn_classifier *classifier, const char *text, size_t length) {
  static float probabilities[@NAME@_LABELS];
  size_t label;
  edgernn_status status =
      edgernn_classify(classifier, text, length, probabilities, @NAME@_LABELS, &label);
  if (status) return status;
  if (label == EDGERNN_NO_LABEL) {
    printf("-\n");
  } else {
    printf("%s\t%.4f\n", edgernn_label(classifier, label), (double)probabilities[label]);
  }
  return EDGERNN_OK;
}

static edgernn_status classify_lines(const edgernn_classifier *classifier) {
  char *line = NULL;
  size_t room = 0, length;
  int more = 0;
  edgernn_status status = EDGERNN_OK;
  while (!status && (more = read_line(&line, &room, &length)) == 1) {
    status = print_label(classifier, line ? line : "", length);
  }
  free(line);
  return more < 0 ? EDGERNN_ERROR_OUT_OF_MEMORY : status;
}

int main(int count, char **arguments) {
  int is_help = count == 2 && !strcmp(arguments[1], "--help");
  if (is_help || (count == 1 && isatty(0))) {
    fprintf(is_help ? stdout : stderr, "usage: classify TEXT..., or classify < FILE with a text per line\n");
    return is_help ? 0 : 2;
  }
  edgernn_classifier *classifier;
  edgernn_status status = @name@_load(&classifier);
  if (!status && count == 1) status = classify_lines(classifier);
  for (int i = 1; !status && i < count; i++) {
    status = print_label(classifier, arguments[i], strlen(arguments[i]));
  }
  if (status) fprintf(stderr, "error: %s\n", edgernn_status_message(status));
  edgernn_free(classifier);
  return status != EDGERNN_OK;
}
