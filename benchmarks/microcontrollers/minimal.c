/* The smallest program with a model: its flash is that of model and engine. Prints nothing. */
#include "model.h"

static unsigned char memory[16384] __attribute__((aligned(EDGERNN_ALIGNMENT)));
static unsigned char scratch[32768] __attribute__((aligned(EDGERNN_ALIGNMENT)));
static float probabilities[MODEL_LABELS];
const char *volatile text = "a text";
volatile size_t text_bytes = 6;

/* The start-up code calls it for the semihosting of other programs. */
void initialise_monitor_handles(void);
void initialise_monitor_handles(void) {}

int main(void) {
  edgernn_classifier *classifier;
  size_t label;
  if (edgernn_open(model_data, model_size, NULL, memory, sizeof memory, &classifier)) return 1;
  return edgernn_classify_in(classifier, text, text_bytes, scratch, sizeof scratch, probabilities,
                             MODEL_LABELS, &label) || label >= MODEL_LABELS;
}
