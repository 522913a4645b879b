/* The tables of the Unicode rules: for each code point, folded << 3 | class and lower case << 2 | class of
 * case, each as four bytes, little-endian. */
#include "unicode.h"

#include <stdio.h>

static void write(uint32_t value) {
  for (int i = 0; i < 4; i++) putchar((int)(value >> 8 * i & 0xff));
}

int main(void) {
  for (uint32_t code_point = 0; code_point < 0x110000; code_point++) {
    write(edgernn_fold(code_point) << 3 | (uint32_t)edgernn_class_of(code_point));
    write(edgernn_lower(code_point) << 2 | (uint32_t)edgernn_case_of(code_point));
  }
  return 0;
}
