/* The head of a text section, and its bounds. */
#ifndef EDGERNN_TEXT_SECTION_H
#define EDGERNN_TEXT_SECTION_H

#include "common.h"

#define EDGERNN_MOST_LABELS 16384u
#define EDGERNN_MOST_NGRAMS 64u
#define EDGERNN_MOST_LENGTH 0x7fffffffu
/* A text of one word is computed as this many steps, so that it bounds the time that a file can ask for. */
#define EDGERNN_MOST_PADDING (1u << 16)

/* Little-endian numbers. Behind them: widths of n-grams [ngram_count], floats of the empty text
 * [output_count], ends of labels [label_count], ends of buckets [buckets], labels, entries. */
typedef struct edgernn_section_header {
  uint32_t split, lower, strip_punctuation, max_length, keep_tail, pad_to;
  uint32_t ngram_count, label_count, output_count, label_bytes, tokens, buckets, entry_bytes;
  uint32_t zeros[3];
} edgernn_section_header;

#endif
