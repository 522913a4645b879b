// What Go cannot do by itself: C memory at a multiple of 64 for the file, and texts without a copy.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "edgernn.h"

// Open a copy of the data. block: set on success; release it after the classifier.
static edgernn_status open_copy(const void *data, size_t size, void **block,
                                edgernn_classifier **classifier) {
  edgernn_status status = EDGERNN_ERROR_ALIGNMENT;
  char *memory = (char *)malloc(size + 68);
  *block = memory;
  if (!memory) return EDGERNN_ERROR_OUT_OF_MEMORY;
  char *start = memory + (64 - (uintptr_t)memory % 64) % 64;
  // Bundles that another tool zipped may have the model at any place: move it to a multiple of 4, as
  // edgernn_load does.
  for (size_t shift = 0; status == EDGERNN_ERROR_ALIGNMENT && shift < 4; shift++) {
    memcpy(start + shift, data, size);
    status = edgernn_load_memory(start + shift, size, classifier);
  }
  if (status) free(memory);
  return status;
}
