/* libFuzzer target: any bytes as a bundle or model.bin, with checksums as they are. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  static const char text[] = "a good FILM, \xff\xc3\xa9 was not";
  edgernn_classifier *classifier;
  /* A copy of the exact size, so that a read beyond it is seen. */
  void *data = malloc(size ? size : 1);
  if (size) memcpy(data, bytes, size);
  if (edgernn_load_memory(data, size, &classifier) == EDGERNN_OK) use(classifier, text, sizeof text - 1);
  edgernn_free(classifier);
  free(data);
  return 0;
}
