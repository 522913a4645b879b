/* short BUNDLE TEXT...: prints the median microseconds of `edgernn_classify` for each text, in CPU time. */
#define _POSIX_C_SOURCE 200112L

#include "edgernn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BATCHES 101
#define CALLS 100

static double microseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

int main(int count, char **arguments) {
  edgernn_classifier *classifier;
  float probabilities[256];
  double batches[BATCHES];
  if (count < 2 || edgernn_load(arguments[1], &classifier)) return 1;
  for (int i = 2; i < count; i++) {
    for (int batch = 0; batch < BATCHES; batch++) {
      double start = microseconds();
      for (int call = 0; call < CALLS; call++) {
        if (edgernn_classify(classifier, arguments[i], strlen(arguments[i]), probabilities, 256, NULL)) return 1;
      }
      batches[batch] = (microseconds() - start) / CALLS;
    }
    qsort(batches, BATCHES, sizeof *batches, ascending);
    printf("%.2f\n", batches[BATCHES / 2]);
  }
  edgernn_free(classifier);
  return 0;
}
