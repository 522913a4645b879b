/* Looking up tokens, and making the table of a vocab.txt. */
#include "vocabulary.h"

#include "utf8.h"

/* FNV-1a, which can be continued piece by piece. */
static uint32_t hash_bytes(uint32_t hash, const unsigned char *bytes, size_t count) {
  for (size_t i = 0; i < count; i++) hash = (hash ^ bytes[i]) * 16777619u;
  return hash;
}

static uint32_t bucket_of(uint32_t hash, uint32_t buckets) {
  return (hash ^ hash >> 16) & (buckets - 1);
}

/* Read a variable-length number: seven bits a byte, lowest first, at most three bytes. Return the
 * place behind it, or NULL if it does not end before `end`. */
static const unsigned char *read_number(const unsigned char *p, const unsigned char *end, uint32_t *number) {
  *number = 0;
  for (int shift = 0; shift < 21 && p < end; shift += 7) {
    *number |= (uint32_t)(*p & 0x7f) << shift;
    if (!(*p++ & 0x80)) return p;
  }
  return NULL;
}

static size_t number_bytes(uint32_t number) { return number < 0x80 ? 1 : number < 0x4000 ? 2 : 3; }

static unsigned char *write_number(unsigned char *p, uint32_t number) {
  for (; number >= 0x80; number >>= 7) *p++ = (unsigned char)(number | 0x80);
  *p++ = (unsigned char)number;
  return p;
}

EDGERNN_INTERNAL edgernn_entry edgernn_read_entry(const unsigned char *p) {
  edgernn_entry entry;
  p = read_number(p, p + 3, &entry.id);
  entry.bytes = read_number(p, p + 3, &entry.length);
  entry.next = entry.bytes + entry.length;
  return entry;
}

/* ---- Checking ---------------------------------------------------------------------------------- */

/* Return whether no entry from `p` up to the new one has its bytes. */
static int is_new(const unsigned char *p, const edgernn_entry *added, const unsigned char *start) {
  while (p < start) {
    edgernn_entry entry = edgernn_read_entry(p);
    if (entry.length == added->length && !memcmp(entry.bytes, added->bytes, entry.length)) return 0;
    p = entry.next;
  }
  return 1;
}

/* Check the entry at `p` in a bucket from `start` to `end`, and return its end, or NULL. */
static const unsigned char *check_entry(const edgernn_vocabulary *v, uint32_t bucket,
                                        const unsigned char *start, const unsigned char *p,
                                        const unsigned char *end) {
  edgernn_entry entry;
  const unsigned char *at = read_number(p, end, &entry.id);
  entry.bytes = at ? read_number(at, end, &entry.length) : NULL;
  if (!entry.bytes || entry.length > EDGERNN_MOST_TOKEN_BYTES || entry.length == 0) return NULL;
  if ((size_t)(end - entry.bytes) < entry.length || entry.id < v->first || entry.id >= v->tokens) return NULL;
  if (!edgernn_is_utf8(entry.bytes, entry.length)) return NULL;
  uint32_t hash = hash_bytes(EDGERNN_FIRST_HASH, entry.bytes, entry.length);
  if (bucket_of(hash, v->buckets) != bucket || !is_new(start, &entry, p)) return NULL;
  return entry.bytes + entry.length;
}

EDGERNN_INTERNAL edgernn_status edgernn_check_vocabulary(const edgernn_vocabulary *v, uint32_t entry_bytes) {
  uint32_t begin = 0, total = v->first;
  for (uint32_t bucket = 0; bucket < v->buckets; bucket++) {
    uint32_t stop = v->ends[bucket], count = 0;
    if (stop < begin || stop > entry_bytes) return EDGERNN_ERROR_MALFORMED_VOCABULARY;
    const unsigned char *start = v->entries + begin, *end = v->entries + stop;
    for (const unsigned char *p = start; p < end;) {
      p = check_entry(v, bucket, start, p, end);
      if (!p || ++count > EDGERNN_MOST_BUCKET_TOKENS) return EDGERNN_ERROR_MALFORMED_VOCABULARY;
    }
    begin = stop;
    total += count;
  }
  return begin == entry_bytes && total == v->tokens ? EDGERNN_OK : EDGERNN_ERROR_MALFORMED_VOCABULARY;
}

EDGERNN_INTERNAL int edgernn_has_each_id(const edgernn_vocabulary *v, uint32_t *bits) {
  memset(bits, 0, (v->tokens / 32 + 1) * sizeof *bits);
  const unsigned char *end = v->entries + v->ends[v->buckets - 1];
  for (const unsigned char *p = v->entries; p < end;) {
    edgernn_entry entry = edgernn_read_entry(p);
    uint32_t bit = 1u << entry.id % 32;
    if (bits[entry.id / 32] & bit) return 0;
    bits[entry.id / 32] |= bit;
    p = entry.next;
  }
  return 1;
}

/* ---- Lookup ------------------------------------------------------------------------------------ */

/* Return whether an entry has the bytes of pieces joined by spaces; its length is theirs. */
static int has_pieces(const edgernn_entry *entry, const unsigned char *text,
                      const edgernn_piece *pieces, size_t count) {
  const unsigned char *at = entry->bytes;
  for (size_t i = 0; i < count; i++) {
    size_t size = pieces[i].end - pieces[i].start;
    if (i && *at++ != ' ') return 0;
    if (memcmp(at, text + pieces[i].start, size)) return 0;
    at += size;
  }
  return 1;
}

EDGERNN_INTERNAL int32_t edgernn_find_token(const edgernn_vocabulary *v, const unsigned char *text,
                                            const edgernn_piece *pieces, size_t count) {
  uint32_t hash = EDGERNN_FIRST_HASH, length = (uint32_t)count - 1;
  for (size_t i = 0; i < count; i++) {
    if (i) hash = hash_bytes(hash, (const unsigned char *)" ", 1);
    hash = hash_bytes(hash, text + pieces[i].start, pieces[i].end - pieces[i].start);
    length += pieces[i].end - pieces[i].start;
  }
  if (length == 0) return EDGERNN_PAD;
  uint32_t bucket = bucket_of(hash, v->buckets);
  const unsigned char *p = v->entries + (bucket ? v->ends[bucket - 1] : 0);
  const unsigned char *end = v->entries + v->ends[bucket];
  while (p < end) {
    edgernn_entry entry = edgernn_read_entry(p);
    if (entry.length == length && has_pieces(&entry, text, pieces, count)) return (int32_t)entry.id;
    p = entry.next;
  }
  return v->unknown;
}

/* ---- vocab.txt --------------------------------------------------------------------------------- */

/* A line of a vocab.txt without its escapes. */
typedef struct vocabulary_line {
  uint32_t length, hash;
  const unsigned char *next;
} vocabulary_line;

/* Read the line at `p`, and write its token if `out` is not NULL. `next` is NULL for a wrong escape. */
static vocabulary_line read_line_at(const unsigned char *p, unsigned char *out) {
  vocabulary_line line = {0, EDGERNN_FIRST_HASH, NULL};
  for (; *p != '\n'; p++) {
    unsigned char byte = *p;
    if (byte == '\\') {
      byte = *++p;
      if (byte != '\\' && byte != 'n' && byte != 'r') return line;
      byte = byte == 'n' ? '\n' : byte == 'r' ? '\r' : byte;
    }
    if (out) out[line.length] = byte;
    line.length++;
    line.hash = hash_bytes(line.hash, &byte, 1);
  }
  line.next = p + 1;
  return line;
}

EDGERNN_INTERNAL edgernn_status edgernn_count_tokens(edgernn_span file, uint32_t first, uint32_t *tokens,
                                                     uint32_t *entry_bytes) {
  uint64_t bytes = 0;
  uint32_t id = 0;
  if (!file.size || file.data[file.size - 1] != '\n' || memchr(file.data, '\r', file.size) ||
      !edgernn_is_utf8(file.data, file.size)) {
    return EDGERNN_ERROR_MALFORMED_VOCABULARY;
  }
  for (const unsigned char *p = file.data; p < file.data + file.size; id++) {
    vocabulary_line line = read_line_at(p, NULL);
    if (!line.next || line.length > EDGERNN_MOST_TOKEN_BYTES || id == EDGERNN_MOST_TOKENS) {
      return EDGERNN_ERROR_MALFORMED_VOCABULARY;
    }
    if (id >= first) bytes += line.length + number_bytes(id) + number_bytes(line.length);
    p = line.next;
  }
  *tokens = id;
  *entry_bytes = (uint32_t)bytes;
  return id < 2 || bytes > 0x7fffffffu ? EDGERNN_ERROR_MALFORMED_VOCABULARY : EDGERNN_OK;
}

EDGERNN_INTERNAL uint32_t edgernn_bucket_count(uint32_t tokens) {
  uint32_t buckets = 1;
  while (8 * buckets < tokens) buckets *= 2;
  return buckets;
}

EDGERNN_INTERNAL void edgernn_index_tokens(edgernn_span file, uint32_t first, uint32_t buckets,
                                           uint32_t *ends, unsigned char *entries) {
  uint32_t id = 0, total = 0;
  memset(ends, 0, buckets * sizeof *ends);
  for (const unsigned char *p = file.data; p < file.data + file.size; id++) {
    vocabulary_line line = read_line_at(p, NULL);
    size_t bytes = line.length + number_bytes(id) + number_bytes(line.length);
    if (id >= first) ends[bucket_of(line.hash, buckets)] += (uint32_t)bytes;
    p = line.next;
  }
  /* Each end is first where its bucket starts, and moves on with every token. */
  for (uint32_t i = 0; i < buckets; i++) {
    uint32_t bytes = ends[i];
    ends[i] = total;
    total += bytes;
  }
  id = 0;
  for (const unsigned char *p = file.data; p < file.data + file.size; id++) {
    vocabulary_line line = read_line_at(p, NULL);
    uint32_t *end = &ends[bucket_of(line.hash, buckets)];
    if (id >= first) {
      unsigned char *at = write_number(write_number(entries + *end, id), line.length);
      read_line_at(p, at);
      *end = (uint32_t)(at + line.length - entries);
    }
    p = line.next;
  }
}
