/* UTF-8, as Unicode 16 defines it in table 3-7. */
#ifndef EDGERNN_UTF8_H
#define EDGERNN_UTF8_H

#include "common.h"

/* The most bytes of a character. */
#define EDGERNN_UTF8_BYTES 4

/* Return the bytes of the character at the start of `count` bytes, at least 1, and in `*is_valid`
 * whether they are a character. If not, they are the longest beginning of one, or a single byte. */
EDGERNN_INTERNAL size_t edgernn_utf8_length(const unsigned char *text, size_t count, int *is_valid);

/* Return the code point of a valid character of `length` bytes. */
EDGERNN_INTERNAL uint32_t edgernn_utf8_decode(const unsigned char *text, size_t length);

/* Write a code point, at most EDGERNN_UTF8_BYTES, and return its bytes. */
EDGERNN_INTERNAL size_t edgernn_utf8_encode(uint32_t code_point, unsigned char *out);

/* Return whether all of the bytes are valid. */
EDGERNN_INTERNAL int edgernn_is_utf8(const unsigned char *text, size_t count);

#endif
