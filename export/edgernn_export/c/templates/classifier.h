/* Text in, label out: the model of this folder, which allocates its own memory. */
#ifndef CLASSIFIER_H
#define CLASSIFIER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct classifier classifier;

/* Open the model, or return NULL if out of memory. Only one thread may use it at a time. */
classifier *classifier_open(void);

/* Write the probability of each label [MODEL_LABELS], and return the index of the most probable label, or
 * -1 if out of memory. The text is UTF-8, valid or invalid, and may be empty. */
int classifier_predict(classifier *c, const char *text, size_t bytes, float *probabilities);

/* The same for a model's outputs [MODEL_OUTPUTS]. */
int classifier_label_of(const float *outputs, float *probabilities);

/* Return the ids of the last text, and their number in `*count`. */
const int32_t *classifier_ids(const classifier *c, size_t *count);

/* Return the model's outputs for the last text [MODEL_OUTPUTS]. */
const float *classifier_outputs(const classifier *c);

void classifier_close(classifier *c);

#ifdef __cplusplus
}
#endif

#endif
