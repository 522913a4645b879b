/* The self-test: the test vectors of the export must give the same ids and labels, and outputs within the
 * tolerance. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "classifier.h"
#include "model.h"

int main(void) {
  classifier *c = classifier_open();
  float probabilities[MODEL_LABELS], largest = 0;
  size_t different = 0, other = 0, count;
  if (!c) return 1;
  for (size_t i = 0; i < model_vector_count; i++) {
    const model_vector *v = &model_vectors[i];
    int label = classifier_predict(c, (const char *)v->text, v->bytes, probabilities);
    if (label < 0) return 1;
    other += label != classifier_label_of(v->outputs, probabilities);
    const int32_t *ids = classifier_ids(c, &count);
    int is_same = count == v->count && (!count || !memcmp(ids, v->ids, count * sizeof *ids));
    different += !is_same;
    for (int k = 0; k < MODEL_OUTPUTS; k++) {
      float change = fabsf(classifier_outputs(c)[k] - v->outputs[k]);
      if (!(change <= largest)) largest = change;
    }
  }
  classifier_close(c);
  int passed = !different && !other && largest <= MODEL_TOLERANCE;
  /* Small C libraries do not know %zu. */
  printf("%s: %lu texts, %lu with other ids, %lu with other labels, max absolute error %.1e, tolerance %.1e\n",
         passed ? "passed" : "failed", (unsigned long)model_vector_count, (unsigned long)different,
         (unsigned long)other, (double)largest, (double)MODEL_TOLERANCE);
  return passed ? 0 : 1;
}
