/* UTF-8: lengths, code points and validity. */
#include "utf8.h"

EDGERNN_INTERNAL size_t edgernn_utf8_length(const unsigned char *text, size_t count, int *is_valid) {
  unsigned char lead = text[0], low = 0x80, high = 0xbf;
  size_t length = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  *is_valid = length == 1;
  if (length < 2) return 1;
  if (lead == 0xe0) low = 0xa0;
  if (lead == 0xed) high = 0x9f;
  if (lead == 0xf0) low = 0x90;
  if (lead == 0xf4) high = 0x8f;
  for (size_t i = 1; i < length; i++) {
    if (i >= count || text[i] < low || text[i] > high) return i;
    low = 0x80;
    high = 0xbf;
  }
  *is_valid = 1;
  return length;
}

EDGERNN_INTERNAL uint32_t edgernn_utf8_decode(const unsigned char *text, size_t length) {
  uint32_t code_point = length == 1 ? text[0] : text[0] & (0x7fu >> length);
  for (size_t i = 1; i < length; i++) code_point = code_point << 6 | (text[i] & 0x3fu);
  return code_point;
}

EDGERNN_INTERNAL size_t edgernn_utf8_encode(uint32_t code_point, unsigned char *out) {
  size_t length = code_point < 0x80 ? 1 : code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
  for (size_t i = length; i-- > 1; code_point >>= 6) out[i] = (unsigned char)(0x80 | (code_point & 0x3f));
  out[0] = (unsigned char)(length == 1 ? code_point : (0xf00u >> length & 0xff) | code_point);
  return length;
}

EDGERNN_INTERNAL int edgernn_is_utf8(const unsigned char *text, size_t count) {
  for (size_t i = 0; i < count;) {
    int is_valid;
    if (text[i] < 0x80) {
      i++;
      continue;
    }
    i += edgernn_utf8_length(text + i, count - i, &is_valid);
    if (!is_valid) return 0;
  }
  return 1;
}
