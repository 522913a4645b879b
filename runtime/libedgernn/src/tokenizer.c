/* Cutting a text into tokens as docs/tokenizer.md specifies: on bytes with ASCII rules, or on code
 * points with the Unicode rules. */
#include "tokenizer.h"

#include "unicode.h"
#include "utf8.h"

static int is_punctuation(unsigned char byte) {
  return (byte >= '!' && byte <= '/') || (byte >= ':' && byte <= '@') ||
         (byte >= '[' && byte <= '`') || (byte >= '{' && byte <= '~');
}

static int is_space(unsigned char byte) { return byte == ' ' || (byte >= '\t' && byte <= '\r'); }

static size_t standardized(const edgernn_text *rules, const char *text, size_t count,
                           unsigned char *out) {
  size_t used = 0;
  for (size_t i = 0; i < count; i++) {
    unsigned char byte = (unsigned char)text[i];
    if (rules->strip_punctuation && is_punctuation(byte)) continue;
    if (rules->lower && byte >= 'A' && byte <= 'Z') byte = (unsigned char)(byte + 'a' - 'A');
    out[used++] = byte;
  }
  return used;
}

/* Cut the text into pieces. U+FFFD, which replaces invalid characters, follows its end. */
static size_t cut_ascii(const edgernn_text *rules, unsigned char *text, size_t count, edgernn_piece *pieces) {
  size_t used = 0;
  memcpy(text + count, "\xef\xbf\xbd", 3);
  if (rules->split == EDGERNN_NO_SPLIT) {
    pieces[0].start = 0;
    pieces[0].end = (uint32_t)count;
    return 1;
  }
  for (size_t i = 0; i < count;) {
    size_t start = i;
    if (rules->split == EDGERNN_CHARACTER) {
      int is_valid;
      i += edgernn_utf8_length(text + i, count - i, &is_valid);
      /* A start at the end of the text is the replacement character that follows it. */
      pieces[used].start = (uint32_t)(is_valid ? start : count);
      pieces[used++].end = (uint32_t)(is_valid ? i : count + 3);
      continue;
    }
    if (is_space(text[i])) {
      i++;
      continue;
    }
    while (i < count && !is_space(text[i])) i++;
    pieces[used].start = (uint32_t)start;
    pieces[used++].end = (uint32_t)i;
  }
  return used;
}

/* Cut the text into pieces of `out` by the Unicode rules. Invalid characters separate, as U+FFFD does. */
static size_t cut_unicode(const unsigned char *text, size_t count, unsigned char *out, edgernn_piece *pieces) {
  /* The class of the character before, those that are dropped aside. */
  edgernn_class open = EDGERNN_SEPARATOR;
  size_t used = 0, found = 0;
  for (size_t i = 0, length; i < count; i += length) {
    int is_valid;
    length = edgernn_utf8_length(text + i, count - i, &is_valid);
    uint32_t folded = is_valid ? edgernn_fold(edgernn_utf8_decode(text + i, length)) : 0;
    edgernn_class kind = edgernn_class_of(folded);
    if (kind == EDGERNN_DROPPED) continue;
    int is_joined = kind == EDGERNN_MARK ? open != EDGERNN_SEPARATOR
                                         : kind == EDGERNN_WORD && open == EDGERNN_WORD;
    open = kind;
    if (kind == EDGERNN_SEPARATOR) continue;
    if (!is_joined) pieces[found++].start = (uint32_t)used;
    used += edgernn_utf8_encode(folded, out + used);
    pieces[found - 1].end = (uint32_t)used;
  }
  return found;
}

/* Return the most bytes of a text's tokens, and of a replacement character behind them. */
static size_t most_token_bytes(const edgernn_text *rules, size_t text_bytes) {
  return text_bytes + 3 + (rules->split == EDGERNN_UNICODE ? text_bytes / 2 : 0);
}

/* Return the most pieces of a text. */
static size_t most_pieces(const edgernn_text *rules, size_t text_bytes) {
  if (rules->split == EDGERNN_NO_SPLIT) return 1;
  return rules->split == EDGERNN_WHITESPACE ? text_bytes / 2 + 1 : text_bytes;
}

EDGERNN_INTERNAL size_t edgernn_most_ids(const edgernn_text *rules, size_t text_bytes) {
  size_t ids = most_pieces(rules, text_bytes) * (rules->ngram_count ? rules->ngram_count : 1);
  if (rules->max_length && ids > rules->max_length) ids = rules->max_length;
  return rules->pad_to ? rules->pad_to : ids;
}

EDGERNN_INTERNAL size_t edgernn_cut_bytes(const edgernn_text *rules, size_t text_bytes) {
  return edgernn_up_to(most_token_bytes(rules, text_bytes), EDGERNN_ALIGNMENT) +
         edgernn_up_to(most_pieces(rules, text_bytes) * sizeof(edgernn_piece), EDGERNN_ALIGNMENT);
}

/* Return the widths of the n-grams, and in `*count` how many. */
static const uint32_t *widths_of(const edgernn_text *rules, uint32_t *count) {
  static const uint32_t single = 1;
  *count = rules->ngram_count ? rules->ngram_count : 1;
  return rules->ngram_count ? rules->ngrams : &single;
}

EDGERNN_INTERNAL void edgernn_cut(const edgernn_text *rules, const char *text, size_t text_bytes,
                                  void *scratch, edgernn_tokens *tokens) {
  unsigned char *bytes = (unsigned char *)scratch;
  size_t offset = edgernn_up_to(most_token_bytes(rules, text_bytes), EDGERNN_ALIGNMENT), total = 0;
  edgernn_piece *pieces = (edgernn_piece *)(void *)(bytes + offset);
  uint32_t width_count;
  const uint32_t *widths = widths_of(rules, &width_count);
  if (rules->split == EDGERNN_UNICODE) {
    tokens->piece_count = cut_unicode((const unsigned char *)text, text_bytes, bytes, pieces);
  } else {
    tokens->piece_count = cut_ascii(rules, bytes, standardized(rules, text, text_bytes, bytes), pieces);
  }
  for (uint32_t n = 0; n < width_count; n++) {
    if (tokens->piece_count >= widths[n]) total += tokens->piece_count - widths[n] + 1;
  }
  /* Of a longer text, the places from `head` on are left out, except the last `tail`. */
  size_t limit = rules->max_length && total > rules->max_length ? rules->max_length : total;
  size_t tail = rules->keep_tail && limit < total ? limit / 2 : 0;
  tokens->rules = rules;
  tokens->bytes = bytes;
  tokens->pieces = pieces;
  tokens->head = limit - tail;
  tokens->last = total - tail;
  tokens->width = tokens->start = tokens->place = 0;
}

EDGERNN_INTERNAL int edgernn_next_token(edgernn_tokens *tokens, const edgernn_piece **pieces, size_t *count) {
  uint32_t width_count;
  const uint32_t *widths = widths_of(tokens->rules, &width_count);
  for (; tokens->width < width_count; tokens->width++, tokens->start = 0) {
    size_t width = widths[tokens->width];
    while (tokens->start + width <= tokens->piece_count) {
      *pieces = tokens->pieces + tokens->start++;
      *count = width;
      size_t place = tokens->place++;
      if (place < tokens->head || place >= tokens->last) return 1;
    }
  }
  return 0;
}

EDGERNN_INTERNAL size_t edgernn_number(const edgernn_text *rules, const char *text, size_t text_bytes,
                                       void *scratch, int32_t *ids, size_t capacity) {
  edgernn_tokens tokens;
  const edgernn_piece *pieces;
  size_t used = 0, count;
  edgernn_cut(rules, text, text_bytes, scratch, &tokens);
  while (edgernn_next_token(&tokens, &pieces, &count)) {
    int32_t id = edgernn_find_token(&rules->vocabulary, tokens.bytes, pieces, count);
    /* Keras masks padding wherever it is: bare ids have none. */
    if (!rules->pad_to && id == EDGERNN_PAD) continue;
    if (rules->pad_to && used == rules->pad_to) break;
    if (used < capacity) ids[used] = id;
    used++;
  }
  for (; used < rules->pad_to; used++) {
    if (used < capacity) ids[used] = EDGERNN_PAD;
  }
  return used;
}
