/* What a classifier knows of texts: rules, labels, vocabulary, and the output of the empty text.
 *
 * A model.bin of version 2 has it as one section, which is used in place; docs/model-bin.md. For a
 * bundle with a version 1 model, the same section is made of the manifest and vocab.txt. */
#ifndef EDGERNN_TEXT_H
#define EDGERNN_TEXT_H

#include "json.h"
#include "vocabulary.h"

typedef enum edgernn_split {
  EDGERNN_WHITESPACE,
  EDGERNN_CHARACTER,
  EDGERNN_NO_SPLIT,
  /* The rules of edgernn-tokenizer/2, with case folding and word boundaries of their own. */
  EDGERNN_UNICODE,
  EDGERNN_SEPARATORS
} edgernn_split;

typedef enum edgernn_step {
  EDGERNN_LOWER,
  EDGERNN_UNICODE_LOWER,
  EDGERNN_BR_TO_SPACE,
  EDGERNN_HTML_TO_SPACE,
  EDGERNN_STRIP_HTML,
  EDGERNN_STRIP_PUNCTUATION,
  EDGERNN_PUNCTUATION_TO_SPACE,
  EDGERNN_STRIP_DIGITS,
  EDGERNN_DIGITS_TO_SPACE,
  EDGERNN_LETTERS_ONLY,
  EDGERNN_LETTERS_DIGITS_ONLY,
  EDGERNN_STEPS
} edgernn_step;

/* The ids that remain of a text with too many: the first ones, both ends, or the last ones. */
typedef enum edgernn_truncation { EDGERNN_HEAD, EDGERNN_HEAD_TAIL, EDGERNN_TAIL } edgernn_truncation;

typedef struct edgernn_text {
  uint32_t split, lower, strip_punctuation;
  /* The rules of edgernn-tokenizer/3: steps before the split, sorted code points that separate, and the
   * id in front of every text, or 0. */
  uint32_t has_steps, step_count, separator_count, start;
  const uint32_t *steps, *separators;
  /* The most ids that a text keeps, 0 for all; and which. */
  uint32_t max_length, truncation;
  /* The length to which ids are cut and padded, or 0 for bare ids without padding; and whether the padding
   * is in front of them. */
  uint32_t pad_to, pads_front;
  uint32_t ngram_count, label_count, output_count;
  /* The widths of the n-grams in the order of output; no n-grams if the count is 0. */
  const uint32_t *ngrams;
  /* The output for a text without tokens, [output_count]. */
  const float *empty;
  /* The least probability of each label, [label_count], or NULL. */
  const float *thresholds;
  /* Label i ends at label_ends[i], its NUL included. */
  const uint32_t *label_ends;
  const char *labels;
  edgernn_vocabulary vocabulary;
} edgernn_text;

/* Read a section, and check it unless that was done; only that each id has one token is not checked.
 * section: at a multiple of 4. */
EDGERNN_INTERNAL edgernn_status edgernn_read_text(edgernn_span section, edgernn_text *text,
                                                  int is_checked);

/* Make the section of a bundle of version 1: write it to `memory` if that is not NULL, and return
 * its size in `*size`. */
EDGERNN_INTERNAL edgernn_status edgernn_make_text(edgernn_json manifest, edgernn_span vocab_txt,
                                                  void *memory, size_t *size);

#endif
