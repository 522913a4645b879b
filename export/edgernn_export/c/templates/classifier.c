#include "classifier.h"

#include <stdlib.h>
#include <string.h>

#include "edgernn.h"
#include "model.h"

/* A block of memory with the alignment that the engine requires. */
typedef struct block {
  void *whole, *start;
  size_t bytes;
} block;

struct classifier {
  const edgernn_model *model;
  const edgernn_tokenizer *tokenizer;
  block model_memory, tokenizer_memory, ids, scratch;
  size_t count;
  float outputs[MODEL_OUTPUTS];
};

/* Grow a block to at least `bytes`. Its content is lost. */
static int grow(block *b, size_t bytes) {
  if (bytes <= b->bytes) return 1;
  free(b->whole);
  b->bytes = 0;
  b->whole = malloc(bytes + EDGERNN_ALIGNMENT_BYTES);
  if (!b->whole) return 0;
  uintptr_t at = (uintptr_t)b->whole + EDGERNN_ALIGNMENT_BYTES - 1;
  b->start = (void *)(at / EDGERNN_ALIGNMENT_BYTES * EDGERNN_ALIGNMENT_BYTES);
  b->bytes = bytes;
  return 1;
}

static int open_parts(classifier *c) {
  const char *vocabulary = (const char *)model_vocabulary;
  size_t bytes;
  if (edgernn_memory_size(model_data, model_size, &bytes)) return 0;
  if (!grow(&c->model_memory, bytes)) return 0;
  if (edgernn_open(model_data, model_size, c->model_memory.start, bytes, NULL, &c->model)) return 0;
  if (edgernn_tokenizer_memory_size(vocabulary, model_vocabulary_size, &bytes)) return 0;
  if (!grow(&c->tokenizer_memory, bytes)) return 0;
  return !edgernn_tokenizer_open(&model_rules, vocabulary, model_vocabulary_size,
                                 c->tokenizer_memory.start, bytes, &c->tokenizer);
}

classifier *classifier_open(void) {
  classifier *c = (classifier *)calloc(1, sizeof *c);
  if (c && !open_parts(c)) {
    classifier_close(c);
    c = NULL;
  }
  return c;
}

static int run(classifier *c, const char *text, size_t bytes) {
  size_t most, needed = edgernn_tokenizer_scratch_size(c->tokenizer, bytes, &most);
  if (!grow(&c->scratch, needed) || !grow(&c->ids, most * sizeof(int32_t))) return 0;
  int32_t *ids = (int32_t *)c->ids.start;
  if (edgernn_tokenize(c->tokenizer, text, bytes, c->scratch.start, needed, ids, &c->count)) return 0;
  if (c->count == 0) {
    /* The engine needs at least one id; the outputs for an empty text are constants. */
    memcpy(c->outputs, model_empty, sizeof c->outputs);
    return 1;
  }
  needed = edgernn_scratch_size(c->model, c->count);
  if (!grow(&c->scratch, needed)) return 0;
  return !edgernn_predict_ids(c->model, ids, c->count, c->scratch.start, needed, c->outputs);
}

int classifier_predict(classifier *c, const char *text, size_t bytes, float *probabilities) {
  return run(c, text, bytes) ? classifier_label_of(c->outputs, probabilities) : -1;
}

int classifier_label_of(const float *outputs, float *probabilities) {
  int best = 0;
  memcpy(probabilities, outputs, MODEL_OUTPUTS * sizeof *outputs);
  if (MODEL_OUTPUTS < MODEL_LABELS) {
    /* A binary model outputs the probability of the second label. */
    probabilities[0] = 1.0f - outputs[0];
    probabilities[MODEL_LABELS - 1] = outputs[0];
  }
  for (int i = 1; i < MODEL_LABELS; i++) {
    if (probabilities[i] > probabilities[best]) best = i;
  }
  return best;
}

const int32_t *classifier_ids(const classifier *c, size_t *count) {
  *count = c->count;
  return (const int32_t *)c->ids.start;
}

const float *classifier_outputs(const classifier *c) { return c->outputs; }

void classifier_close(classifier *c) {
  if (!c) return;
  free(c->model_memory.whole);
  free(c->tokenizer_memory.whole);
  free(c->ids.whole);
  free(c->scratch.whole);
  free(c);
}
