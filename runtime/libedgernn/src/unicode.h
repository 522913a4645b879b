/* Unicode for the rules of a tokenizer, edgernn-tokenizer/2 and /3: docs/tokenizer.md. */
#ifndef EDGERNN_UNICODE_H
#define EDGERNN_UNICODE_H

#include "common.h"

/* The class of a code point: its effect on tokens. The order is that of the tables. */
typedef enum edgernn_class {
  EDGERNN_SEPARATOR,
  EDGERNN_DROPPED,
  EDGERNN_WORD,
  EDGERNN_ALONE,
  EDGERNN_MARK
} edgernn_class;

/* Return the code point without its case, and narrow where it is a full-width form.
 *
 * Its UTF-8 is at most one and a half times as long: two bytes become three. */
EDGERNN_INTERNAL uint32_t edgernn_fold(uint32_t code_point);

/* The effect of a code point on a capital sigma near it. The order is that of the tables. */
typedef enum edgernn_case { EDGERNN_UNCASED, EDGERNN_CASED, EDGERNN_CASE_IGNORED } edgernn_case;

/* Return the lower case of a code point that is neither U+0130 nor a sigma before the end of a word.
 *
 * Its UTF-8 is at most one and a half times as long: two bytes become three. */
EDGERNN_INTERNAL uint32_t edgernn_lower(uint32_t code_point);

/* Return the class of case of a code point, which is below 0x110000. */
EDGERNN_INTERNAL edgernn_case edgernn_case_of(uint32_t code_point);

/* Return the class of a code point, which is below 0x110000. */
EDGERNN_INTERNAL edgernn_class edgernn_class_of(uint32_t code_point);

#endif
