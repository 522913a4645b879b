/* The head of a text section, and its bounds. */
#ifndef EDGERNN_TEXT_SECTION_H
#define EDGERNN_TEXT_SECTION_H

#include "common.h"

#define EDGERNN_MOST_LABELS 16384u
#define EDGERNN_MOST_NGRAMS 64u
#define EDGERNN_MOST_LENGTH 0x7fffffffu
/* A text of one word is computed as this many steps, so that it bounds the time that a file can ask for. */
#define EDGERNN_MOST_PADDING (1u << 16)

/* The split of the header for the rules of edgernn-tokenizer/3, and the bounds of their lists. */
#define EDGERNN_SPLIT_STEPS 4u
#define EDGERNN_MOST_STEPS 16u
#define EDGERNN_MOST_SEPARATORS 256u
/* Added to the truncation for padding in front. */
#define EDGERNN_PADS_FRONT 4u

/* Little-endian numbers. Behind them: the rules of edgernn-tokenizer/3 if they apply, widths of n-grams [ngram_count], floats of the empty text
 * [output_count], thresholds [threshold_count], ends of labels [label_count], ends of buckets [buckets], labels, entries. */
typedef struct edgernn_section_header {
  uint32_t split, lower, strip_punctuation, max_length, ends, pad_to;
  uint32_t ngram_count, label_count, output_count, label_bytes, tokens, buckets, entry_bytes;
  /* The number of labels, or 0 for none. */
  uint32_t threshold_count;
  uint32_t zeros[2];
} edgernn_section_header;

/* Behind it: steps [step_count], code points [separator_count]. */
typedef struct edgernn_steps_header {
  uint32_t step_count, separator_count, split;
  /* The id of a token that is OOV and 1, or 0 where such tokens vanish; the id in front of texts, or 0. */
  uint32_t oov_plus_1, start;
} edgernn_steps_header;

#endif
