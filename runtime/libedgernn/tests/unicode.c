/* The tables of the Unicode rules: for each code point, folded << 3 | class as four bytes, little-endian. */
#include "unicode.h"

#include <stdio.h>

int main(void) {
  for (uint32_t code_point = 0; code_point < 0x110000; code_point++) {
    uint32_t value = edgernn_fold(code_point) << 3 | (uint32_t)edgernn_class_of(code_point);
    for (int i = 0; i < 4; i++) putchar((int)(value >> 8 * i & 0xff));
  }
  return 0;
}
