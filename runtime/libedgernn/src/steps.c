/* The steps of edgernn-tokenizer/3. Each one rewrites the text in place, in linear time. */
#include "steps.h"

#include "unicode.h"
#include "utf8.h"

/* Kinds of characters. Those beyond ASCII are others. */
enum { LETTER = 1, DIGIT = 2, PUNCTUATION = 4, OTHER = 8 };

enum { CAPITAL_SIGMA = 0x3a3, FINAL_SIGMA = 0x3c2, DOTTED_CAPITAL_I = 0x130 };

static int kind_of(unsigned char byte) {
  if ((byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z')) return LETTER;
  if (byte >= '0' && byte <= '9') return DIGIT;
  return byte > ' ' && byte < 0x7f ? PUNCTUATION : OTHER;
}

static int is_continuation(unsigned char byte) { return (byte & 0xc0) == 0x80; }

/* Replace each character of some kinds, by a space or by nothing. */
static size_t replace_kinds(unsigned char *text, size_t count, int kinds, int by_space) {
  size_t used = 0;
  int is_replaced = 0;
  for (size_t i = 0; i < count; i++) {
    unsigned char byte = text[i];
    if (!is_continuation(byte)) {
      is_replaced = kind_of(byte) & kinds;
      if (is_replaced && by_space) text[used++] = ' ';
    }
    if (!is_replaced) text[used++] = byte;
  }
  return used;
}

static size_t replace_breaks(unsigned char *text, size_t count) {
  static const char tag[] = "<br />";
  const size_t length = sizeof tag - 1;
  size_t used = 0;
  for (size_t i = 0; i < count; used++) {
    int is_tag = text[i] == '<' && count - i >= length && !memcmp(text + i, tag, length);
    text[used] = is_tag ? ' ' : text[i];
    i += is_tag ? length : 1;
  }
  return used;
}

/* Replace each tag, from a "<" up to the next ">", by a space or by nothing. */
static size_t replace_tags(unsigned char *text, size_t count, int by_space) {
  size_t used = 0, i = 0;
  while (i < count) {
    unsigned char *end = text[i] == '<' ? (unsigned char *)memchr(text + i, '>', count - i) : NULL;
    if (end) {
      if (by_space) text[used++] = ' ';
      i = (size_t)(end - text) + 1;
      continue;
    }
    if (text[i] == '<') {
      /* No ">" follows: the rest has no tag. */
      memmove(text + used, text + i, count - i);
      return used + count - i;
    }
    text[used++] = text[i++];
  }
  return used;
}

static size_t lower_ascii(unsigned char *text, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (text[i] >= 'A' && text[i] <= 'Z') text[i] = (unsigned char)(text[i] + 'a' - 'A');
  }
  return count;
}

/* Return whether the last character that does not ignore case is cased. */
static int ends_cased(const unsigned char *text, size_t count) {
  while (count) {
    size_t end = count--;
    while (is_continuation(text[count])) count--;
    edgernn_case found = edgernn_case_of(edgernn_utf8_decode(text + count, end - count));
    if (found != EDGERNN_CASE_IGNORED) return found == EDGERNN_CASED;
  }
  return 0;
}

/* Return whether the first character that does not ignore case is cased. */
static int starts_cased(const unsigned char *text, size_t count) {
  int is_valid;
  for (size_t i = 0, length; i < count; i += length) {
    length = edgernn_utf8_length(text + i, count - i, &is_valid);
    edgernn_case found = edgernn_case_of(edgernn_utf8_decode(text + i, length));
    if (found != EDGERNN_CASE_IGNORED) return found == EDGERNN_CASED;
  }
  return 0;
}

/* Lower the case of all characters. The text is moved to the end of its room first and written from the
 * start. What is written never reaches what is left: no character becomes longer than three times the
 * bytes of the text that it came from. */
static size_t lower_unicode(unsigned char *text, size_t count, size_t room) {
  const unsigned char *in = text + room - count;
  size_t used = 0;
  int is_valid;
  memmove(text + room - count, text, count);
  for (size_t i = 0, length; i < count; i += length) {
    length = edgernn_utf8_length(in + i, count - i, &is_valid);
    uint32_t code_point = edgernn_utf8_decode(in + i, length);
    if (code_point == DOTTED_CAPITAL_I) {
      text[used++] = 'i';
      code_point = 0x307;
    } else if (code_point == CAPITAL_SIGMA) {
      /* Lower case has the class of case of its capital, so that what is written serves as well. */
      int is_final = ends_cased(text, used) && !starts_cased(in + i + length, count - i - length);
      code_point = FINAL_SIGMA + !is_final;
    } else {
      code_point = edgernn_lower(code_point);
    }
    used += edgernn_utf8_encode(code_point, text + used);
  }
  return used;
}

/* Copy a text, with U+FFFD in the place of what is invalid. */
static size_t decode(const unsigned char *text, size_t count, unsigned char *out) {
  size_t used = 0;
  int is_valid;
  for (size_t i = 0, length; i < count; i += length) {
    length = edgernn_utf8_length(text + i, count - i, &is_valid);
    memcpy(out + used, is_valid ? text + i : (const unsigned char *)"\xef\xbf\xbd", is_valid ? length : 3);
    used += is_valid ? length : 3;
  }
  return used;
}

static size_t apply(uint32_t step, unsigned char *text, size_t count, size_t room) {
  switch (step) {
    case EDGERNN_LOWER: return lower_ascii(text, count);
    case EDGERNN_UNICODE_LOWER: return EDGERNN_HAS_UNICODE ? lower_unicode(text, count, room) : count;
    case EDGERNN_BR_TO_SPACE: return replace_breaks(text, count);
    case EDGERNN_HTML_TO_SPACE: return replace_tags(text, count, 1);
    case EDGERNN_STRIP_HTML: return replace_tags(text, count, 0);
    case EDGERNN_STRIP_PUNCTUATION: return replace_kinds(text, count, PUNCTUATION, 0);
    case EDGERNN_PUNCTUATION_TO_SPACE: return replace_kinds(text, count, PUNCTUATION, 1);
    case EDGERNN_STRIP_DIGITS: return replace_kinds(text, count, DIGIT, 0);
    case EDGERNN_DIGITS_TO_SPACE: return replace_kinds(text, count, DIGIT, 1);
    case EDGERNN_LETTERS_ONLY: return replace_kinds(text, count, DIGIT | PUNCTUATION | OTHER, 1);
    default: return replace_kinds(text, count, PUNCTUATION | OTHER, 1);
  }
}

EDGERNN_INTERNAL size_t edgernn_step_bytes(size_t text_bytes) { return 3 * text_bytes; }

EDGERNN_INTERNAL size_t edgernn_apply_steps(const edgernn_text *rules, const char *text, size_t text_bytes,
                                            unsigned char *out) {
  size_t room = edgernn_step_bytes(text_bytes), count = decode((const unsigned char *)text, text_bytes, out);
  for (uint32_t i = 0; i < rules->step_count; i++) count = apply(rules->steps[i], out, count, room);
  return count;
}
