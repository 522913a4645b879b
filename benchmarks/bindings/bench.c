/* Prints the milliseconds to the first prediction, then the median microseconds of each text. */
#define _POSIX_C_SOURCE 199309L
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "edgernn.h"

#define CALLS 2000

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

int main(int count, char **arguments) {
  static char texts[2][1 << 16];
  static double found[CALLS];
  size_t bytes[2];
  float probabilities[64];
  edgernn_classifier *classifier;
  if (count != 4) return 2;
  for (int i = 0; i < 2; i++) {
    FILE *file = fopen(arguments[2 + i], "rb");
    if (!file) return 2;
    bytes[i] = fread(texts[i], 1, sizeof texts[i], file);
    fclose(file);
  }
  double start = now();
  if (edgernn_load(arguments[1], &classifier)) return 1;
  if (edgernn_classify(classifier, texts[0], bytes[0], probabilities, 64, NULL)) return 1;
  printf("%f\n", (now() - start) / 1e3);
  for (int i = 0; i < 2; i++) {
    for (int call = -CALLS; call < CALLS; call++) {
      start = now();
      if (edgernn_classify(classifier, texts[i], bytes[i], probabilities, 64, NULL)) return 1;
      found[call < 0 ? 0 : call] = now() - start;
    }
    qsort(found, CALLS, sizeof *found, compare);
    printf("%f\n", found[CALLS / 2]);
  }
  edgernn_free(classifier);
  return 0;
}
