/* The labels of a text, given their probabilities. */
#include "classifier.h"

/* The threshold of each label of a multi-label model without thresholds. */
#define MULTILABEL_THRESHOLD 0.5f

EDGERNN_INTERNAL size_t edgernn_probability_count(const edgernn_classifier *c) {
  return c->model.head == EDGERNN_BINARY ? 2 : c->model.outputs;
}

static int reaches_threshold(const edgernn_classifier *c, const float *probabilities, size_t label) {
  const float *thresholds = c->text.thresholds;
  return probabilities[label] >= (thresholds ? thresholds[label] : MULTILABEL_THRESHOLD);
}

EDGERNN_INTERNAL size_t edgernn_choose(const edgernn_classifier *c, const float *probabilities, size_t best) {
  if (!c->text.thresholds || reaches_threshold(c, probabilities, best)) return best;
  size_t label = EDGERNN_NO_LABEL;
  for (size_t i = 0; i < c->text.label_count; i++) {
    if (!reaches_threshold(c, probabilities, i)) continue;
    if (label == EDGERNN_NO_LABEL || probabilities[i] > probabilities[label]) label = i;
  }
  return label;
}

edgernn_status edgernn_rank(const edgernn_classifier *classifier, const float *probabilities, size_t *best,
                            size_t *runner_up) {
  size_t first = 0, second = EDGERNN_NO_LABEL;
  if (!classifier || !probabilities) return EDGERNN_ERROR_ARGUMENT;
  for (size_t i = 1; i < edgernn_probability_count(classifier); i++) {
    if (probabilities[i] > probabilities[first]) {
      second = first;
      first = i;
    } else if (second == EDGERNN_NO_LABEL || probabilities[i] > probabilities[second]) {
      second = i;
    }
  }
  if (best) *best = first;
  if (runner_up) *runner_up = second;
  return EDGERNN_OK;
}

/* Add a label to others, in descending order of probability; of the same one, in their order. */
static void insert(size_t *labels, size_t count, const float *probabilities, size_t label) {
  for (; count && probabilities[labels[count - 1]] < probabilities[label]; count--) {
    labels[count] = labels[count - 1];
  }
  labels[count] = label;
}

edgernn_status edgernn_labels(const edgernn_classifier *classifier, const float *probabilities,
                              size_t *labels, size_t capacity, size_t *count) {
  if (!classifier || !probabilities || !count || (!labels && capacity)) return EDGERNN_ERROR_ARGUMENT;
  int is_multilabel = classifier->model.head == EDGERNN_MULTILABEL;
  size_t best, applying = 0;
  edgernn_rank(classifier, probabilities, &best, NULL);
  for (size_t i = 0; i < edgernn_probability_count(classifier); i++) {
    int applies = is_multilabel ? reaches_threshold(classifier, probabilities, i)
                                : i == edgernn_choose(classifier, probabilities, best);
    if (applies && applying < capacity) insert(labels, applying, probabilities, i);
    applying += (size_t)applies;
  }
  *count = applying;
  return applying > capacity ? EDGERNN_ERROR_CAPACITY : EDGERNN_OK;
}
