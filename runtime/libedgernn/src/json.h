/* A reader of JSON (RFC 8259) that allocates nothing: the text is checked once, and then walked. */
#ifndef EDGERNN_JSON_H
#define EDGERNN_JSON_H

#include "common.h"

/* The deepest nesting that is accepted. */
#define EDGERNN_JSON_DEPTH 32
/* The most keys of an object. */
#define EDGERNN_JSON_KEYS 64

/* A value within a text that was checked; `at` is NULL for a value that is absent. */
typedef struct edgernn_json {
  const unsigned char *at, *end;
} edgernn_json;

/* Check a text, and set `*value` to what it contains. Return whether it is valid: a key that occurs
 * twice in one object is not. */
EDGERNN_INTERNAL int edgernn_json_parse(edgernn_span text, edgernn_json *value);

/* Return '{', '[', '"', 't', 'f', 'n' or '0' for a number; 0 if the value is absent. */
EDGERNN_INTERNAL int edgernn_json_type(edgernn_json value);

/* Return the first element of an array, absent if it is empty. */
EDGERNN_INTERNAL edgernn_json edgernn_json_first(edgernn_json array);

/* Return the element after one, absent after the last. */
EDGERNN_INTERNAL edgernn_json edgernn_json_next(edgernn_json element);

/* Return the value of a key, absent if the key is missing or the value is not an object. */
EDGERNN_INTERNAL edgernn_json edgernn_json_get(edgernn_json object, const char *key);

/* Return the number of keys of an object. */
EDGERNN_INTERNAL size_t edgernn_json_keys(edgernn_json object);

/* Return the index-th value of an object; the index is below the number of keys. */
EDGERNN_INTERNAL edgernn_json edgernn_json_value(edgernn_json object, size_t index);

/* Write the UTF-8 of a string, if `out` is not NULL, and return its bytes. Return (size_t)-1 for a
 * surrogate without its other half. */
EDGERNN_INTERNAL size_t edgernn_json_string(edgernn_json string, unsigned char *out);

/* Return whether a string contains a NUL. */
EDGERNN_INTERNAL int edgernn_json_has_nul(edgernn_json string);

/* Return whether a value is a string with these characters. */
EDGERNN_INTERNAL int edgernn_json_equals(edgernn_json value, const char *text);

/* Return whether two strings are the same. */
EDGERNN_INTERNAL int edgernn_json_same(edgernn_json a, edgernn_json b);

/* Read an integer from `least` to `most`. Return whether the value is one. */
EDGERNN_INTERNAL int edgernn_json_integer(edgernn_json value, uint32_t least, uint32_t most,
                                          uint32_t *number);

/* Read a number from 0 to 1. Return whether the value is one. */
EDGERNN_INTERNAL int edgernn_json_probability(edgernn_json value, float *number);

#endif
