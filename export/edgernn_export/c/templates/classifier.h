/* Text in, label out: the model of this folder, open in memory of its own. */
#ifndef CLASSIFIER_H
#define CLASSIFIER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct classifier classifier;

/* Return the model, open, or NULL where there is no memory for it. One thread uses it at a time. */
classifier *classifier_open(void);

/* Write the probability of each label [MODEL_LABELS], and return the number of the most probable one, or
 * -1 where there is no memory for the text. The text is UTF-8, valid or not, and may be empty. */
int classifier_predict(classifier *c, const char *text, size_t bytes, float *probabilities);

/* The same of a model's outputs [MODEL_OUTPUTS]. */
int classifier_label_of(const float *outputs, float *probabilities);

/* Return the ids of the last text and, in `*count`, how many. */
const int32_t *classifier_ids(const classifier *c, size_t *count);

/* Return the model's outputs of the last text [MODEL_OUTPUTS]. */
const float *classifier_outputs(const classifier *c);

void classifier_close(classifier *c);

#ifdef __cplusplus
}
#endif

#endif
