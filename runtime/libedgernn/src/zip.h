/* The members of a bundle: a zip file whose members are stored; docs/bundle.md describes it. */
#ifndef EDGERNN_ZIP_H
#define EDGERNN_ZIP_H

#include "common.h"

/* The members that a bundle may have, in the order of `edgernn_members.member`. */
enum {
  EDGERNN_MANIFEST,
  EDGERNN_VOCAB_TXT,
  EDGERNN_VECTORS,
  EDGERNN_CARD,
  EDGERNN_MODEL_TFLITE,
  EDGERNN_MODEL_ONNX,
  EDGERNN_MODEL_ORT,
  EDGERNN_MODEL_BIN,
  EDGERNN_OPERATORS,
  EDGERNN_MEMBERS
};

typedef struct edgernn_members {
  /* `data` is NULL for a member that is absent. */
  edgernn_span member[EDGERNN_MEMBERS];
  uint32_t manifest_crc, count;
} edgernn_members;

/* Return the name of a member. */
EDGERNN_INTERNAL const char *edgernn_member_name(size_t index);

/* Find the members of a zip file. Nothing but its structure, names and sizes is checked. */
EDGERNN_INTERNAL edgernn_status edgernn_read_zip(edgernn_span file, edgernn_members *members);

#endif
