/* The wide path: the weights of a text's distinct words and hashed n-grams, summed; docs/wide.md.
 *
 * A bucket belongs to one n-gram, which its checksum distinguishes from others: what is counted once is
 * therefore a row of the weights, and a bit for each row remembers that. The time grows with the text
 * and with rows / 8 bytes that are cleared, whatever the ids are. */
#include "layers.h"

/* A sum under way. */
typedef struct sums {
  const edgernn_wide *wide;
  /* A bit for each row that was added. */
  uint32_t *seen;
  /* Sums [columns]: of int8 exact in 32 bits, of floats in double; then the same as floats. */
  int32_t *integers;
  double *floats;
  float *totals;
} sums;

static size_t words_of_bits(const edgernn_wide *wide) { return wide->weights.rows / 32 + 1; }

static void open_sums(edgernn_arena *a, const edgernn_wide *wide, sums *s) {
  size_t columns = wide->weights.columns;
  s->wide = wide;
  s->seen = EDGERNN_TAKE(a, uint32_t, words_of_bits(wide));
  s->floats = EDGERNN_TAKE(a, double, columns);
  /* One of the two is in use. */
  s->integers = (int32_t *)(void *)s->floats;
  s->totals = EDGERNN_TAKE(a, float, columns);
}

EDGERNN_INTERNAL size_t edgernn_wide_bytes(const edgernn_wide *wide) {
  edgernn_arena a = {NULL, 0};
  sums unused;
  if (wide->words) open_sums(&a, wide, &unused);
  return a.used;
}

/* Add a row of the weights, once. */
static void add_row(const sums *s, uint32_t row) {
  const edgernn_tensor *weights = &s->wide->weights;
  uint32_t bit = 1u << row % 32;
  if (s->seen[row / 32] & bit) return;
  s->seen[row / 32] |= bit;
  if (edgernn_is_int8(weights)) {
    const int8_t *values = (const int8_t *)weights->values + (size_t)row * weights->columns;
    for (uint32_t k = 0; k < weights->columns; k++) s->integers[k] += values[k];
  } else {
    for (uint32_t k = 0; k < weights->columns; k++) s->floats[k] += edgernn_value(weights, row, k);
  }
}

/* Return the hash of an n-gram of ids below 2^24: a sum below 2^58. */
static uint64_t hash(uint32_t pattern, uint32_t here, uint32_t after, uint32_t second) {
  static const uint32_t factors[EDGERNN_PATTERNS][4] = {
      {2654435761u, 2246822519u, 0, 0},
      {2654435761u, 2246822519u, 3266489917u, 0},
      {2246822519u, 0, 3266489917u, 12345},
  };
  const uint32_t *f = factors[pattern];
  return (uint64_t)here * f[0] + (uint64_t)after * f[1] + (uint64_t)second * f[2] + f[3];
}

/* Add the row of an n-gram where it is the one that the bucket belongs to. Of the hash modulo 256 times
 * the number of buckets, the last byte is the checksum and the rest the bucket. */
static void add_ngram(const sums *s, uint64_t hash) {
  const edgernn_tensor *checksums = &s->wide->checksums;
  uint32_t buckets = checksums->columns;
  /* A division of 64 bits takes long on a small processor. */
  int is_power = (buckets & (buckets - 1)) == 0;
  uint32_t bucket = (uint32_t)(is_power ? (hash >> 8) & (buckets - 1) : (hash >> 8) % buckets);
  if (((const uint8_t *)checksums->values)[bucket] == (hash & 255)) {
    add_row(s, s->wide->words + bucket);
  }
}

static void add_rows(const sums *s, const int32_t *ids, size_t count) {
  for (size_t t = 0; t < count; t++) {
    uint32_t here = (uint32_t)ids[t], after = t + 1 < count ? (uint32_t)ids[t + 1] : 0;
    uint32_t second = t + 2 < count ? (uint32_t)ids[t + 2] : 0;
    /* Padding has no weight, nor has what starts with it. */
    if (here == 0) continue;
    add_row(s, here);
    for (uint32_t i = 0; i < EDGERNN_PATTERNS; i++) {
      if (s->wide->patterns >> i & 1) add_ngram(s, hash(i, here, after, second));
    }
  }
}

EDGERNN_INTERNAL void edgernn_add_wide(const edgernn_wide *wide, const int32_t *ids, size_t count, edgernn_arena a,
                      float *logits) {
  uint32_t columns = wide->weights.columns;
  sums s;
  open_sums(&a, wide, &s);
  memset(s.seen, 0, words_of_bits(wide) * sizeof *s.seen);
  memset(s.floats, 0, columns * sizeof *s.floats);
  add_rows(&s, ids, count);
  for (uint32_t k = 0; k < columns; k++) {
    int is_int8 = edgernn_is_int8(&wide->weights);
    s.totals[k] = is_int8 ? (float)s.integers[k] * wide->weights.unit : (float)s.floats[k];
  }
  for (uint32_t i = 0; i < wide->outputs; i++) {
    float sum = wide->projection.values ? edgernn_dot(&wide->projection, i, s.totals) : s.totals[i];
    logits[i] += sum + edgernn_value(&wide->bias, 0, i);
  }
}
