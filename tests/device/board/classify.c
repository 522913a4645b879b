/* The least program that classifies a text: its image is what a model takes of the flash. */
#include <string.h>

#include "model.h"

static unsigned char pool[POOL] __attribute__((aligned(EDGERNN_ALIGNMENT)));

volatile size_t result;

int main(void) {
  static const char text[] = "A film to remember.";
  edgernn_classifier *classifier;
  float probabilities[MODEL_LABELS];
  size_t bytes, label = 0;
  if (edgernn_memory_size(model_data, model_size, NULL, &bytes) || bytes > POOL) return 1;
  if (edgernn_open(model_data, model_size, NULL, pool, bytes, &classifier)) return 1;
  bytes = (bytes + EDGERNN_ALIGNMENT - 1) / EDGERNN_ALIGNMENT * EDGERNN_ALIGNMENT;
  if (edgernn_classify_in(classifier, text, sizeof text - 1, pool + bytes, POOL - bytes, probabilities,
                          MODEL_LABELS, &label)) {
    return 1;
  }
  result = label;
  return 0;
}
