/* Case folding and classes of code points, out of tables of runs: a binary search for each. */
#include "unicode.h"

#include "unicode_tables.inc"

EDGERNN_INTERNAL uint32_t edgernn_fold(uint32_t code_point) {
  size_t low = 0, high = sizeof fold_keys / sizeof *fold_keys;
  if (code_point < 0x80) return code_point >= 'A' && code_point <= 'Z' ? code_point + 32 : code_point;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (fold_keys[middle] >> 8 <= code_point) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  /* The first run contains ASCII, so a run precedes every other. */
  uint32_t key = fold_keys[low - 1], away = code_point - (key >> 8), step = (key & 1) + 1;
  if (away % step || away / step >= (key >> 1 & 0x7f)) return code_point;
  return code_point + (uint32_t)fold_added[low - 1];
}

EDGERNN_INTERNAL edgernn_class edgernn_class_of(uint32_t code_point) {
  size_t low = class_planes[code_point >> 16], high = class_planes[(code_point >> 16) + 1];
  if (code_point >= 'a' && code_point <= 'z') return EDGERNN_WORD;
  while (high - low > 1) {
    size_t middle = (low + high) / 2;
    if (class_starts[middle] <= (code_point & 0xffff)) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return (edgernn_class)class_numbers[low];
}
