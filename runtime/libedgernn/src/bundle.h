/* A bundle: its members, checked against the manifest. */
#ifndef EDGERNN_BUNDLE_H
#define EDGERNN_BUNDLE_H

#include "json.h"

/* The newest schema that is read. */
#define EDGERNN_SCHEMA 3

typedef struct edgernn_bundle {
  edgernn_span model, vectors, vocab_txt;
  edgernn_json manifest;
  /* The largest error of an output that the self-test accepts. */
  float tolerance;
} edgernn_bundle;

/* Return whether data starts like a model.bin. */
EDGERNN_INTERNAL int edgernn_is_model_bin(edgernn_span data);

/* Return whether data is a model.bin that contains its tokenizer and labels. */
EDGERNN_INTERNAL int edgernn_is_self_contained(edgernn_span data);

/* Find and check the members of a bundle: names, sizes, manifest and hashes. */
EDGERNN_INTERNAL edgernn_status edgernn_read_bundle(edgernn_span file, edgernn_bundle *bundle);

#endif
