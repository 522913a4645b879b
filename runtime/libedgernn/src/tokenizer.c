/* Cutting a text into tokens as docs/tokenizer.md specifies: on bytes with ASCII rules, on code points
 * with the Unicode rules, or after steps. */
#include "tokenizer.h"

#include "steps.h"
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

/* Return whether one of the sorted code points of a list is this one. */
static int is_among(const uint32_t *list, size_t count, uint32_t code_point) {
  size_t low = 0, high = count;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (list[middle] == code_point) return 1;
    if (list[middle] < code_point) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return 0;
}

/* Cut a text of valid UTF-8 into the pieces between separators that are not empty. */
static size_t cut_at_separators(const edgernn_text *rules, const unsigned char *text, size_t count,
                                edgernn_piece *pieces) {
  size_t found = 0;
  int is_open = 0, is_valid;
  for (size_t i = 0, length; i < count; i += length) {
    length = edgernn_utf8_length(text + i, count - i, &is_valid);
    uint32_t code_point = edgernn_utf8_decode(text + i, length);
    if (is_among(rules->separators, rules->separator_count, code_point)) {
      is_open = 0;
      continue;
    }
    if (!is_open) pieces[found++].start = (uint32_t)i;
    pieces[found - 1].end = (uint32_t)(i + length);
    is_open = 1;
  }
  return found;
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
  if (rules->has_steps) return edgernn_step_bytes(text_bytes) + 3;
  return text_bytes + 3 + (rules->split == EDGERNN_UNICODE ? text_bytes / 2 : 0);
}

/* Return the most pieces of a text. Steps make no more characters than it has bytes. */
static size_t most_pieces(const edgernn_text *rules, size_t text_bytes) {
  if (rules->split == EDGERNN_NO_SPLIT) return 1;
  int is_spaced = rules->split == EDGERNN_WHITESPACE || rules->split == EDGERNN_SEPARATORS;
  return is_spaced ? text_bytes / 2 + 1 : text_bytes;
}

EDGERNN_INTERNAL size_t edgernn_most_ids(const edgernn_text *rules, size_t text_bytes) {
  size_t ids = most_pieces(rules, text_bytes) * (rules->ngram_count ? rules->ngram_count : 1);
  if (rules->start) ids++;
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

static size_t cut(const edgernn_text *rules, const char *text, size_t count, unsigned char *out,
                  edgernn_piece *pieces) {
  if (EDGERNN_HAS_UNICODE && rules->split == EDGERNN_UNICODE) return cut_unicode((const unsigned char *)text, count, out, pieces);
  count = EDGERNN_HAS_STEPS && rules->has_steps ? edgernn_apply_steps(rules, text, count, out)
                           : standardized(rules, text, count, out);
  if (EDGERNN_HAS_STEPS && rules->split == EDGERNN_SEPARATORS) return cut_at_separators(rules, out, count, pieces);
  return cut_ascii(rules, out, count, pieces);
}

/* Start at the first token, and leave none out. */
static void start_over(edgernn_tokens *tokens) {
  tokens->width = tokens->start = tokens->place = 0;
  tokens->head = tokens->last = SIZE_MAX;
  tokens->is_first = tokens->rules->start != 0;
}

/* Return the number of tokens that have an id. */
static size_t count_tokens(edgernn_tokens *tokens) {
  uint32_t width_count;
  const uint32_t *widths = widths_of(tokens->rules, &width_count);
  edgernn_found found;
  size_t total = tokens->rules->start ? 1 : 0;
  if (tokens->rules->vocabulary.unknown >= 0) {
    for (uint32_t n = 0; n < width_count; n++) {
      if (tokens->piece_count >= widths[n]) total += tokens->piece_count - widths[n] + 1;
    }
    return total;
  }
  for (total = 0; edgernn_next_token(tokens, &found);) total++;
  start_over(tokens);
  return total;
}

EDGERNN_INTERNAL void edgernn_cut(const edgernn_text *rules, const char *text, size_t text_bytes,
                                  void *scratch, edgernn_tokens *tokens) {
  unsigned char *bytes = (unsigned char *)scratch;
  size_t offset = edgernn_up_to(most_token_bytes(rules, text_bytes), EDGERNN_ALIGNMENT);
  edgernn_piece *pieces = (edgernn_piece *)(void *)(bytes + offset);
  tokens->rules = rules;
  tokens->bytes = bytes;
  tokens->pieces = pieces;
  tokens->piece_count = cut(rules, text, text_bytes, bytes, pieces);
  start_over(tokens);
  if (!rules->max_length) return;
  if (rules->truncation == EDGERNN_HEAD) {
    tokens->head = rules->max_length;
    return;
  }
  /* Of a longer text, the places from `head` on are left out, except the last `tail`. */
  size_t total = count_tokens(tokens);
  size_t limit = total > rules->max_length ? rules->max_length : total;
  size_t tail = limit == total ? 0 : rules->truncation == EDGERNN_TAIL ? limit : limit / 2;
  tokens->head = limit - tail;
  tokens->last = total - tail;
}

/* Return whether the model reads the token at the next place. */
static int is_kept(edgernn_tokens *tokens) {
  size_t place = tokens->place++;
  return place < tokens->head || place >= tokens->last;
}

EDGERNN_INTERNAL int edgernn_next_token(edgernn_tokens *tokens, edgernn_found *found) {
  const edgernn_vocabulary *vocabulary = &tokens->rules->vocabulary;
  uint32_t width_count;
  const uint32_t *widths = widths_of(tokens->rules, &width_count);
  if (tokens->is_first) {
    tokens->is_first = 0;
    found->id = (int32_t)tokens->rules->start;
    found->count = 0;
    if (is_kept(tokens)) return 1;
  }
  for (; tokens->width < width_count; tokens->width++, tokens->start = 0) {
    size_t width = widths[tokens->width];
    while (tokens->start + width <= tokens->piece_count) {
      if (tokens->place >= tokens->head && tokens->last == SIZE_MAX) return 0;
      found->pieces = tokens->pieces + tokens->start++;
      found->count = width;
      /* A token that is left out is looked up only if its id decides whether it has a place. */
      int is_needed = vocabulary->unknown < 0 || tokens->place < tokens->head || tokens->place >= tokens->last;
      found->id = is_needed ? edgernn_find_token(vocabulary, tokens->bytes, found->pieces, width) : 0;
      if (found->id >= 0 && is_kept(tokens)) return 1;
    }
  }
  return 0;
}

EDGERNN_INTERNAL size_t edgernn_pad(const edgernn_text *rules, int32_t *ids, size_t used, size_t capacity) {
  size_t zeros = used < rules->pad_to ? rules->pad_to - used : 0, first = used;
  if (rules->pads_front && zeros) {
    size_t kept = capacity > zeros ? capacity - zeros : 0;
    if (kept) memmove(ids + zeros, ids, (kept < used ? kept : used) * sizeof *ids);
    first = 0;
  }
  for (size_t i = first; i < first + zeros && i < capacity; i++) ids[i] = EDGERNN_PAD;
  return used + zeros;
}

EDGERNN_INTERNAL size_t edgernn_number(const edgernn_text *rules, const char *text, size_t text_bytes,
                                       void *scratch, int32_t *ids, size_t capacity) {
  edgernn_tokens tokens;
  edgernn_found found;
  size_t used = 0;
  edgernn_cut(rules, text, text_bytes, scratch, &tokens);
  while (edgernn_next_token(&tokens, &found)) {
    /* Keras masks padding wherever it is: bare ids have none. */
    if (!rules->pad_to && found.id == EDGERNN_PAD) continue;
    if (rules->pad_to && used == rules->pad_to) break;
    if (used < capacity) ids[used] = found.id;
    used++;
  }
  return edgernn_pad(rules, ids, used, capacity);
}
