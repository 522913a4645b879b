/* Text to tokens, and tokens to ids. */
#ifndef EDGERNN_TOKENIZER_H
#define EDGERNN_TOKENIZER_H

#include "text.h"

/* A text cut into pieces, and the place of the next token. */
typedef struct edgernn_tokens {
  const edgernn_text *rules;
  const unsigned char *bytes;
  const edgernn_piece *pieces;
  size_t piece_count;
  /* Tokens from place `head` up to place `last` are left out. */
  size_t head, last;
  size_t width, start, place;
  /* Whether the id in front of the text comes next. */
  int is_first;
} edgernn_tokens;

/* A token that the model reads: its id, and its pieces, none for the id in front of a text. */
typedef struct edgernn_found {
  int32_t id;
  const edgernn_piece *pieces;
  size_t count;
} edgernn_found;

/* Return the bytes of scratch to cut a text. */
EDGERNN_INTERNAL size_t edgernn_cut_bytes(const edgernn_text *rules, size_t text_bytes);

/* Return the most ids of a text. */
EDGERNN_INTERNAL size_t edgernn_most_ids(const edgernn_text *rules, size_t text_bytes);

/* Cut a text of at most EDGERNN_MAX_TEXT_BYTES. */
EDGERNN_INTERNAL void edgernn_cut(const edgernn_text *rules, const char *text, size_t text_bytes,
                                  void *scratch, edgernn_tokens *tokens);

/* Get the next token that the model reads. Return 0 after the last one. */
EDGERNN_INTERNAL int edgernn_next_token(edgernn_tokens *tokens, edgernn_found *found);

/* Pad ids as the model reads them, and return how many there are then. Those beyond `capacity` are not
 * written. used: the ids that there are, of which the first `capacity` are in `ids`. */
EDGERNN_INTERNAL size_t edgernn_pad(const edgernn_text *rules, int32_t *ids, size_t used, size_t capacity);

/* Write the first `capacity` ids of a text as the model reads them, and return how many there are. */
EDGERNN_INTERNAL size_t edgernn_number(const edgernn_text *rules, const char *text, size_t text_bytes,
                                       void *scratch, int32_t *ids, size_t capacity);

#endif
