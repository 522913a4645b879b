/* Text to ids, id for id as docs/tokenizer.md says, on bytes: lower case, punctuation and white space are
 * those of ASCII, but for the Unicode rules, which have tables of their own. */
#include "edgernn.h"

#include <string.h>

#include "unicode.h"

#define PAD 0
#define OUT_OF_VOCABULARY 1

struct edgernn_tokenizer {
  edgernn_rules rules;
  /* The tokens' bytes one after the other; token i ends at ends[i]. */
  const unsigned char *bytes;
  const uint32_t *ends;
  /* A hash table of ids, open addressing; 0 is an empty place. */
  const uint32_t *table;
  uint32_t count, mask;
};

typedef struct piece {
  uint32_t start, end;
} piece;

static size_t rounded(size_t bytes) { return (bytes + 63) / 64 * 64; }

/* ---- The vocabulary -------------------------------------------------------------------------- */

/* FNV-1a, of pieces that are joined one after the other. */
static uint32_t hashed(uint32_t hash, const unsigned char *bytes, size_t count) {
  for (size_t i = 0; i < count; i++) hash = (hash ^ bytes[i]) * 16777619u;
  return hash;
}

#define FIRST_HASH 2166136261u

static uint32_t lines_of(const char *vocabulary, size_t size) {
  uint32_t lines = 0;
  for (size_t i = 0; i < size; i++) lines += vocabulary[i] == '\n';
  return lines;
}

static uint32_t table_size(uint32_t tokens) {
  uint32_t size = 16;
  while (size < 2 * tokens) size *= 2;
  return size;
}

edgernn_status edgernn_tokenizer_memory_size(const char *vocabulary, size_t size, size_t *bytes) {
  uint32_t lines = size <= 0x7fffffffu ? lines_of(vocabulary, size) : 0;
  if (lines < 2 || lines > 1000000 || vocabulary[size - 1] != '\n') return EDGERNN_VOCABULARY;
  *bytes = rounded(sizeof(edgernn_tokenizer)) + rounded(size) + rounded(lines * sizeof(uint32_t)) +
           rounded(table_size(lines) * sizeof(uint32_t));
  return EDGERNN_OK;
}

/* Copy the tokens without their escapes: \\, \n and \r. */
static edgernn_status copy_tokens(const char *vocabulary, size_t size, unsigned char *bytes,
                                  uint32_t *ends) {
  uint32_t used = 0, line = 0;
  for (size_t i = 0; i < size; i++) {
    char byte = vocabulary[i];
    if (byte == '\n') {
      ends[line++] = used;
      continue;
    }
    if (byte == '\\') {
      byte = vocabulary[++i];
      if (byte != '\\' && byte != 'n' && byte != 'r') return EDGERNN_VOCABULARY;
      byte = byte == 'n' ? '\n' : byte == 'r' ? '\r' : byte;
    }
    bytes[used++] = (unsigned char)byte;
  }
  return EDGERNN_OK;
}

edgernn_status edgernn_tokenizer_open(const edgernn_rules *rules, const char *vocabulary, size_t size,
                                      void *memory, size_t memory_bytes,
                                      const edgernn_tokenizer **tokenizer) {
  size_t needed;
  edgernn_status status = edgernn_tokenizer_memory_size(vocabulary, size, &needed);
  if (status) return status;
  if (memory_bytes < needed) return EDGERNN_MEMORY;
  if ((uintptr_t)memory % EDGERNN_ALIGNMENT_BYTES) return EDGERNN_ALIGNMENT;
  edgernn_tokenizer *t = (edgernn_tokenizer *)memory;
  unsigned char *bytes = (unsigned char *)memory + rounded(sizeof *t);
  t->rules = *rules;
  t->count = lines_of(vocabulary, size);
  uint32_t *ends = (uint32_t *)(void *)(bytes + rounded(size));
  uint32_t *table = (uint32_t *)(void *)((unsigned char *)ends + rounded(t->count * sizeof *ends));
  uint32_t places = table_size(t->count);
  if ((status = copy_tokens(vocabulary, size, bytes, ends))) return status;
  memset(table, 0, places * sizeof *table);
  t->bytes = bytes;
  t->ends = ends;
  t->table = table;
  t->mask = places - 1;
  for (uint32_t id = 2; id < t->count; id++) {
    uint32_t start = ends[id - 1];
    uint32_t place = hashed(FIRST_HASH, bytes + start, ends[id] - start) & t->mask;
    while (table[place]) place = (place + 1) & t->mask;
    table[place] = id;
  }
  *tokenizer = t;
  return EDGERNN_OK;
}

/* ---- A text ---------------------------------------------------------------------------------- */

static int is_punctuation(unsigned char byte) {
  return (byte >= '!' && byte <= '/') || (byte >= ':' && byte <= '@') ||
         (byte >= '[' && byte <= '`') || (byte >= '{' && byte <= '~');
}

static int is_space(unsigned char byte) { return byte == ' ' || (byte >= '\t' && byte <= '\r'); }

static size_t standardized(const edgernn_rules *rules, const char *text, size_t count,
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

/* Return the bytes of the character at the start, and in `*is_valid` whether they are one: else they
 * are the longest beginning of one, or a single byte, and stand for U+FFFD (Unicode 16, table 3-7). */
static size_t character(const unsigned char *text, size_t count, int *is_valid) {
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

/* Cut the text into pieces. U+FFFD, which stands for invalid characters, is kept behind its end. */
static size_t cut_ascii(const edgernn_rules *rules, unsigned char *text, size_t count, piece *pieces) {
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
      i += character(text + i, count - i, &is_valid);
      /* A start at the end of the text stands for the replacement character that is kept there. */
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

/* Return the code point of a valid character of `length` bytes. */
static uint32_t code_point_of(const unsigned char *text, size_t length) {
  uint32_t code_point = length == 1 ? text[0] : text[0] & (0x7fu >> length);
  for (size_t i = 1; i < length; i++) code_point = code_point << 6 | (text[i] & 0x3fu);
  return code_point;
}

/* Write a code point as UTF-8, and return its bytes. */
static size_t put(uint32_t code_point, unsigned char *out) {
  size_t length = code_point < 0x80 ? 1 : code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
  for (size_t i = length; i-- > 1; code_point >>= 6) out[i] = (unsigned char)(0x80 | (code_point & 0x3f));
  out[0] = (unsigned char)(length == 1 ? code_point : (0xf00u >> length & 0xff) | code_point);
  return length;
}

/* Cut the text into pieces of `out` by the Unicode rules. Invalid characters separate, as U+FFFD does. */
static size_t cut_unicode(const unsigned char *text, size_t count, unsigned char *out, piece *pieces) {
  /* The class of the character before, those that are dropped aside. */
  edgernn_class open = EDGERNN_SEPARATOR;
  size_t used = 0, found = 0;
  for (size_t i = 0, length; i < count; i += length) {
    int is_valid;
    length = character(text + i, count - i, &is_valid);
    uint32_t folded = is_valid ? edgernn_fold(code_point_of(text + i, length)) : 0;
    edgernn_class kind = edgernn_class_of(folded);
    if (kind == EDGERNN_DROPPED) continue;
    int is_joined = kind == EDGERNN_MARK ? open != EDGERNN_SEPARATOR
                                         : kind == EDGERNN_WORD && open == EDGERNN_WORD;
    open = kind;
    if (kind == EDGERNN_SEPARATOR) continue;
    if (!is_joined) pieces[found++].start = (uint32_t)used;
    used += put(folded, out + used);
    pieces[found - 1].end = (uint32_t)used;
  }
  return found;
}

/* Cut a text into pieces of `out`, which has room for `most_bytes`. */
static size_t cut(const edgernn_rules *rules, const char *text, size_t count, unsigned char *out,
                  piece *pieces) {
  if (rules->split == EDGERNN_UNICODE) {
    return cut_unicode((const unsigned char *)text, count, out, pieces);
  }
  return cut_ascii(rules, out, standardized(rules, text, count, out), pieces);
}

/* Return the id of pieces joined by spaces. */
static int32_t id_of(const edgernn_tokenizer *t, const unsigned char *text, const piece *pieces,
                     size_t width) {
  uint32_t hash = FIRST_HASH, length = (uint32_t)width - 1;
  for (size_t i = 0; i < width; i++) {
    if (i) hash = hashed(hash, (const unsigned char *)" ", 1);
    hash = hashed(hash, text + pieces[i].start, pieces[i].end - pieces[i].start);
    length += pieces[i].end - pieces[i].start;
  }
  if (length == 0) return PAD;
  for (uint32_t place = hash & t->mask; t->table[place]; place = (place + 1) & t->mask) {
    uint32_t id = t->table[place], at = t->ends[id - 1];
    if (t->ends[id] - at != length) continue;
    size_t i = 0;
    for (; i < width; i++) {
      size_t size = pieces[i].end - pieces[i].start;
      if (i && t->bytes[at++] != ' ') break;
      if (memcmp(t->bytes + at, text + pieces[i].start, size)) break;
      at += (uint32_t)size;
    }
    if (i == width) return (int32_t)id;
  }
  return OUT_OF_VOCABULARY;
}

/* Return the most bytes that the tokens of a text have together, and a replacement character. */
static size_t most_bytes(const edgernn_rules *rules, size_t text_bytes) {
  return text_bytes + 3 + (rules->split == EDGERNN_UNICODE ? text_bytes / 2 : 0);
}

size_t edgernn_tokenizer_scratch_size(const edgernn_tokenizer *tokenizer, size_t text_bytes,
                                      size_t *most) {
  const edgernn_rules *rules = &tokenizer->rules;
  size_t pieces = text_bytes + 1;
  size_t ids = pieces * (rules->ngram_count ? rules->ngram_count : 1);
  if (rules->max_length && ids > rules->max_length) ids = rules->max_length;
  *most = ids > rules->pad_to ? ids : rules->pad_to;
  return rounded(most_bytes(rules, text_bytes)) + rounded(pieces * sizeof(piece));
}

/* Leave out the pads of bare ids, or cut and pad to the length that the rules ask for. */
static size_t padded(const edgernn_rules *rules, int32_t *ids, size_t count) {
  size_t kept = 0;
  if (!rules->pad_to) {
    for (size_t i = 0; i < count; i++) {
      if (ids[i] != PAD) ids[kept++] = ids[i];
    }
    return kept;
  }
  for (kept = count; kept < rules->pad_to; kept++) ids[kept] = PAD;
  return rules->pad_to;
}

edgernn_status edgernn_tokenize(const edgernn_tokenizer *tokenizer, const char *text,
                                size_t text_bytes, void *scratch, size_t scratch_bytes,
                                int32_t *ids, size_t *count) {
  static const uint32_t single = 1;
  const edgernn_rules *rules = &tokenizer->rules;
  size_t most, total = 0, place = 0, used = 0;
  if (text_bytes > 0x3fffffffu) return EDGERNN_MEMORY;
  if (scratch_bytes < edgernn_tokenizer_scratch_size(tokenizer, text_bytes, &most)) return EDGERNN_MEMORY;
  if ((uintptr_t)scratch % EDGERNN_ALIGNMENT_BYTES) return EDGERNN_ALIGNMENT;
  unsigned char *bytes = (unsigned char *)scratch;
  piece *pieces = (piece *)(void *)(bytes + rounded(most_bytes(rules, text_bytes)));
  size_t found = cut(rules, text, text_bytes, bytes, pieces);
  const uint32_t *widths = rules->ngram_count ? rules->ngrams : &single;
  uint32_t width_count = rules->ngram_count ? rules->ngram_count : 1;
  for (uint32_t n = 0; n < width_count; n++) {
    if (found >= widths[n]) total += found - widths[n] + 1;
  }
  /* Of a longer text, the places from `head` on are left out but for the last `tail`. */
  size_t limit = rules->max_length && total > rules->max_length ? rules->max_length : total;
  size_t tail = rules->keep_tail && limit < total ? limit / 2 : 0, head = limit - tail;
  for (uint32_t n = 0; n < width_count; n++) {
    for (size_t i = 0; i + widths[n] <= found; i++, place++) {
      if (place < head || place >= total - tail) {
        ids[used++] = id_of(tokenizer, bytes, pieces + i, widths[n]);
      }
    }
  }
  *count = padded(rules, ids, used);
  return EDGERNN_OK;
}
