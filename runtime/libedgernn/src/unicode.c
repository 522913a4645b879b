/* Case folding, lower case and classes of code points, out of tables of runs: a binary search for each. */
#include "unicode.h"

#include "unicode_tables.inc"

/* Return the index of the run of mapped code points that contains one, or `count`. */
static size_t find_mapping(const uint32_t *keys, size_t count, uint32_t code_point) {
  size_t low = 0, high = count;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (keys[middle] >> 8 <= code_point) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (!low) return count;
  uint32_t key = keys[low - 1], away = code_point - (key >> 8), step = (key & 1) + 1;
  return away % step || away / step >= (key >> 1 & 0x7f) ? count : low - 1;
}

/* Return the index of the run of a class that contains a code point. */
static size_t find_class(const uint16_t *starts, const uint16_t *planes, uint32_t code_point) {
  size_t low = planes[code_point >> 16], high = planes[(code_point >> 16) + 1];
  while (high - low > 1) {
    size_t middle = (low + high) / 2;
    if (starts[middle] <= (code_point & 0xffff)) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return low;
}

EDGERNN_INTERNAL uint32_t edgernn_fold(uint32_t code_point) {
  const size_t count = sizeof fold_keys / sizeof *fold_keys;
  if (code_point < 0x80) return code_point >= 'A' && code_point <= 'Z' ? code_point + 32 : code_point;
  size_t run = find_mapping(fold_keys, count, code_point);
  return run == count ? code_point : code_point + (uint32_t)fold_added[run];
}

EDGERNN_INTERNAL uint32_t edgernn_lower(uint32_t code_point) {
  const size_t count = sizeof lower_keys / sizeof *lower_keys;
  if (code_point < 0x80) return edgernn_fold(code_point);
  size_t run = find_mapping(lower_keys, count, code_point);
  return run == count ? edgernn_fold(code_point) : code_point + (uint32_t)lower_added[run];
}

EDGERNN_INTERNAL edgernn_class edgernn_class_of(uint32_t code_point) {
  if (code_point >= 'a' && code_point <= 'z') return EDGERNN_WORD;
  return (edgernn_class)class_numbers[find_class(class_starts, class_planes, code_point)];
}

EDGERNN_INTERNAL edgernn_case edgernn_case_of(uint32_t code_point) {
  size_t run = find_class(case_starts, case_planes, code_point);
  return (edgernn_case)(case_numbers[run / 4] >> run % 4 * 2 & 3);
}
