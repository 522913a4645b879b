/* The vocabulary as a hash table that is stored in the file and used in place; docs/model-bin.md. */
#ifndef EDGERNN_VOCABULARY_H
#define EDGERNN_VOCABULARY_H

#include "common.h"

#define EDGERNN_PAD 0
#define EDGERNN_OUT_OF_VOCABULARY 1
#define EDGERNN_MOST_TOKENS 1000000u
#define EDGERNN_MOST_TOKEN_BYTES 65535u
/* With more, a lookup would take long. */
#define EDGERNN_MOST_BUCKET_TOKENS 255u
#define EDGERNN_FIRST_HASH 2166136261u

typedef struct edgernn_vocabulary {
  /* The tokens of bucket i are the bytes of `entries` up to ends[i]: each an id and a length as
   * variable-length numbers, and the token's bytes. */
  const uint32_t *ends;
  const unsigned char *entries;
  uint32_t buckets, tokens;
  /* The first id that has an entry, and the id of a token without one, -1 where it has none. */
  uint32_t first;
  int32_t unknown;
} edgernn_vocabulary;

/* An entry; `next` is the place behind it. */
typedef struct edgernn_entry {
  uint32_t id, length;
  const unsigned char *bytes, *next;
} edgernn_entry;

/* A part of a token: n-grams have several, with a space between them. */
typedef struct edgernn_piece {
  uint32_t start, end;
} edgernn_piece;

/* Read an entry that was checked. */
EDGERNN_INTERNAL edgernn_entry edgernn_read_entry(const unsigned char *p);

/* Check every bucket and entry. */
EDGERNN_INTERNAL edgernn_status edgernn_check_vocabulary(const edgernn_vocabulary *vocabulary,
                                                         uint32_t entry_bytes);

/* Return whether each id from the first on has one entry. bits: a bit per id, for use by this function. */
EDGERNN_INTERNAL int edgernn_has_each_id(const edgernn_vocabulary *vocabulary, uint32_t *bits);

/* Return the id of the token made of pieces of a text, or -1 if it has none. */
EDGERNN_INTERNAL int32_t edgernn_find_token(const edgernn_vocabulary *vocabulary,
                                            const unsigned char *text, const edgernn_piece *pieces,
                                            size_t count);

/* Count the tokens of a vocab.txt, and the bytes of the entries of ids from `first` on. */
EDGERNN_INTERNAL edgernn_status edgernn_count_tokens(edgernn_span vocab_txt, uint32_t first, uint32_t *tokens,
                                                     uint32_t *entry_bytes);

/* Return the number of buckets for a number of tokens. */
EDGERNN_INTERNAL uint32_t edgernn_bucket_count(uint32_t tokens);

/* Write the hash table of a vocab.txt that was counted. ends: [buckets]. */
EDGERNN_INTERNAL void edgernn_index_tokens(edgernn_span vocab_txt, uint32_t first, uint32_t buckets,
                                           uint32_t *ends, unsigned char *entries);

#endif
