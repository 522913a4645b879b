/* Replays the test vectors of a folder of `edgernn export --format c`, and prints what a prediction takes. */
#include "board.h"

#include "model_vectors.h"

/* POOL: the bytes of memory for the open model and its scratch. MOST: the ids of a long text. */
static unsigned char pool[POOL] __attribute__((aligned(EDGERNN_ALIGNMENT)));

#define SPINS 100000u

static float probabilities[MODEL_LABELS], outputs[MODEL_OUTPUTS];

static void fail(edgernn_status status) {
  print_number("status", (uint32_t)status);
  finish(1);
}

static size_t best_of(const float *values, size_t count) {
  size_t best = 0;
  for (size_t i = 1; i < count; i++) {
    if (values[i] > values[best]) best = i;
  }
  return best;
}

/* The output of a binary model is the probability of its second label. */
static size_t label_of(const float *values) {
  return MODEL_OUTPUTS < MODEL_LABELS ? values[0] > 0.5f : best_of(values, MODEL_OUTPUTS);
}

/* Return the ticks of a text of `count` ids. */
static uint32_t ticks_of(const edgernn_classifier *classifier, size_t count, void *scratch, size_t bytes) {
  static int32_t ids[40];
  for (size_t i = 0; i < count; i++) ids[i] = 2 + (int32_t)(i % 20);
  uint32_t start = ticks_now();
  edgernn_status status = edgernn_run_ids(classifier, ids, count, scratch, bytes, outputs, MODEL_OUTPUTS);
  uint32_t ticks = ticks_since(start);
  if (status) fail(status);
  return ticks;
}

int main(void) {
  edgernn_classifier *classifier;
  size_t open_bytes, label;
  uint32_t other_ids = 0, other_labels = 0, skipped = 0;
  float largest = 0;
  edgernn_status status = edgernn_memory_size(model_data, model_size, NULL, &open_bytes);
  if (!status && open_bytes > POOL) status = EDGERNN_ERROR_MEMORY_TOO_SMALL;
  if (!status) status = edgernn_open(model_data, model_size, NULL, pool, open_bytes, &classifier);
  if (status) fail(status);
  print(edgernn_kernels(classifier));
  print("\n");
  print_number("open", (uint32_t)open_bytes);
  print_number("scratch_32", (uint32_t)edgernn_ids_scratch_size(classifier, 32));
  print_number("scratch_most", (uint32_t)edgernn_ids_scratch_size(classifier, MOST));
  size_t used = (open_bytes + EDGERNN_ALIGNMENT - 1) / EDGERNN_ALIGNMENT * EDGERNN_ALIGNMENT;
  void *scratch = pool + used;
  size_t bytes = POOL - used;
  for (size_t i = 0; i < model_vector_count; i++) {
    const model_vector *v = &model_vectors[i];
    const char *text = (const char *)v->text;
    status = edgernn_classify_in(classifier, text, v->bytes, scratch, bytes, probabilities, MODEL_LABELS, &label);
    if (status == EDGERNN_ERROR_MEMORY_TOO_SMALL) {
      skipped++;
      continue;
    }
    if (status) fail(status);
    /* The ids are at the start of the scratch. */
    int is_same = 1;
    for (size_t k = 0; k < v->count; k++) is_same &= ((const int32_t *)scratch)[k] == v->ids[k];
    other_ids += !is_same;
    other_labels += label != label_of(v->outputs);
    for (size_t k = 0; k < MODEL_OUTPUTS; k++) {
      float error = probabilities[k + (MODEL_OUTPUTS < MODEL_LABELS)] - v->outputs[k];
      error = error < 0 ? -error : error;
      largest = error > largest ? error : largest;
    }
  }
  print_number("texts", (uint32_t)model_vector_count);
  print_number("skipped", skipped);
  print_number("other_ids", other_ids);
  print_number("other_labels", other_labels);
  print_number("error_e9", (uint32_t)(largest * 1e9f));
  print_number("stack", stack_used());
  uint32_t start = ticks_now();
  spin(SPINS);
  print_number("spin", ticks_since(start));
  print_number("ticks_20", ticks_of(classifier, 20, scratch, bytes));
  print_number("ticks_40", ticks_of(classifier, 40, scratch, bytes));
  return 0;
}
