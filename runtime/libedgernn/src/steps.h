/* The steps of edgernn-tokenizer/3, which change a text before it is cut: docs/tokenizer.md. */
#ifndef EDGERNN_STEPS_H
#define EDGERNN_STEPS_H

#include "text.h"

/* Return the most bytes of a text during and after any steps: an invalid byte becomes three. */
EDGERNN_INTERNAL size_t edgernn_step_bytes(size_t text_bytes);

/* Write the text after all steps, valid UTF-8, and return its bytes. out: [edgernn_step_bytes]. */
EDGERNN_INTERNAL size_t edgernn_apply_steps(const edgernn_text *rules, const char *text, size_t text_bytes,
                                            unsigned char *out);

#endif
