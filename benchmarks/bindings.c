/* The cost of libedgernn in C, as the other hosts print it: bindings BUNDLE TIMES TEXT... */
#define _POSIX_C_SOURCE 199309L
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "edgernn.h"

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return 1e6 * (double)time.tv_sec + 1e-3 * (double)time.tv_nsec;
}

static void predict(const edgernn_classifier *classifier, const char *text) {
  float probabilities[256];
  size_t label;
  if (edgernn_classify(classifier, text, strlen(text), probabilities, 256, &label)) exit(1);
}

int main(int count, char **arguments) {
  edgernn_classifier *classifier;
  double start = now();
  if (count < 4 || edgernn_load(arguments[1], &classifier)) return 1;
  predict(classifier, arguments[3]);
  printf("%.3f\n", now() - start);
  for (int text = 3; text < count; text++) {
    double fastest = INFINITY;
    for (long i = strtol(arguments[2], NULL, 10); i > 0; i--) {
      start = now();
      predict(classifier, arguments[text]);
      fastest = fmin(fastest, now() - start);
    }
    printf("%.3f\n", fastest);
  }
  edgernn_free(classifier);
  return 0;
}
