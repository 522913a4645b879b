/* Makes the text section of a version 1 bundle of its manifest and vocab.txt. */
#include "text.h"
#include "text_section.h"

/* Count what an array contains. */
static uint32_t count_of(edgernn_json array) {
  uint32_t count = 0;
  for (edgernn_json one = edgernn_json_first(array); one.at; one = edgernn_json_next(one)) count++;
  return count;
}

/* Return the index of a string among others, or -1. */
static int index_of(edgernn_json value, const char *const *names, int count) {
  for (int i = 0; i < count; i++) {
    if (edgernn_json_equals(value, names[i])) return i;
  }
  return -1;
}

/* Read the rules that edgernn-tokenizer/1 has and /2 has not. */
static int read_keras_rules(edgernn_json tokenizer, edgernn_section_header *h) {
  static const char *const standardize[] = {"none", "lower", "strip_punctuation",
                                            "lower_and_strip_punctuation"};
  static const char *const split[] = {"whitespace", "character", "none"};
  int flags = index_of(edgernn_json_get(tokenizer, "standardize"), standardize, 4);
  int kind = index_of(edgernn_json_get(tokenizer, "split"), split, 3);
  if (flags < 0 || kind < 0) return 0;
  h->lower = (uint32_t)flags & 1;
  h->strip_punctuation = (uint32_t)flags >> 1;
  h->split = (uint32_t)kind;
  return 1;
}

static int read_rules(edgernn_json tokenizer, edgernn_section_header *h) {
  static const char *const contracts[] = {"edgernn-tokenizer/1", "edgernn-tokenizer/2"};
  static const char *const truncate[] = {"head", "head+tail"};
  int contract = index_of(edgernn_json_get(tokenizer, "contract"), contracts, 2);
  int tail = index_of(edgernn_json_get(tokenizer, "truncate"), truncate, 2);
  edgernn_json ngrams = edgernn_json_get(tokenizer, "ngrams");
  edgernn_json length = edgernn_json_get(tokenizer, "max_length");
  if (contract < 0 || tail < 0 || edgernn_json_type(ngrams) != '[') return 0;
  if (contract == 1) {
    h->split = EDGERNN_UNICODE;
  } else if (!read_keras_rules(tokenizer, h)) {
    return 0;
  }
  h->keep_tail = (uint32_t)tail;
  h->ngram_count = count_of(ngrams);
  if (edgernn_json_type(length) != 'n' &&
      !edgernn_json_integer(length, 1, EDGERNN_MOST_LENGTH, &h->max_length)) {
    return 0;
  }
  for (edgernn_json one = edgernn_json_first(ngrams); one.at; one = edgernn_json_next(one)) {
    uint32_t width;
    if (!edgernn_json_integer(one, 1, EDGERNN_MOST_LENGTH, &width)) return 0;
  }
  return h->ngram_count <= EDGERNN_MOST_NGRAMS;
}

static int read_padding(edgernn_json padding, edgernn_section_header *h) {
  if (edgernn_json_equals(padding, "none")) return 1;
  return edgernn_json_keys(padding) == 1 &&
         edgernn_json_integer(edgernn_json_get(padding, "to"), 1, EDGERNN_MOST_PADDING, &h->pad_to);
}

/* Return whether a label occurs among the first ones. All labels are compared in the section; with many
 * of them, that would take long here. */
static int is_repeated(edgernn_json labels, edgernn_json label) {
  edgernn_json one = edgernn_json_first(labels);
  for (int i = 0; i < 1024 && one.at != label.at; i++, one = edgernn_json_next(one)) {
    if (edgernn_json_same(one, label)) return 1;
  }
  return 0;
}

/* Count the labels and their bytes. */
static int read_labels(edgernn_json labels, edgernn_section_header *h) {
  size_t bytes = 0;
  h->label_count = count_of(labels);
  for (edgernn_json one = edgernn_json_first(labels); one.at; one = edgernn_json_next(one)) {
    if (edgernn_json_type(one) != '"') return 0;
    size_t length = edgernn_json_string(one, NULL);
    if (length == (size_t)-1 || edgernn_json_has_nul(one) || is_repeated(labels, one)) return 0;
    bytes += length + 1;
  }
  h->label_bytes = (uint32_t)edgernn_up_to(bytes, 4);
  return h->label_count >= 1 && h->label_count <= EDGERNN_MOST_LABELS;
}

static int read_outputs(edgernn_json manifest, edgernn_section_header *h) {
  static const char *const heads[] = {"binary", "multiclass", "multilabel"};
  edgernn_json empty = edgernn_json_get(manifest, "empty");
  int head = index_of(edgernn_json_get(manifest, "head"), heads, 3);
  if (head < 0 || (head == 0 && h->label_count != 2) || edgernn_json_type(empty) != '[') return 0;
  h->output_count = count_of(empty);
  for (edgernn_json one = edgernn_json_first(empty); one.at; one = edgernn_json_next(one)) {
    float number;
    if (!edgernn_json_probability(one, &number)) return 0;
  }
  return h->output_count == (head == 0 ? 1 : h->label_count);
}

static void write_section(edgernn_json manifest, edgernn_span vocab_txt, const edgernn_section_header *h,
                          unsigned char *memory) {
  uint32_t *ngrams = (uint32_t *)(void *)(memory + sizeof *h);
  float *empty = (float *)(void *)(ngrams + h->ngram_count);
  uint32_t *label_ends = (uint32_t *)(void *)(empty + h->output_count);
  uint32_t *bucket_ends = label_ends + h->label_count;
  unsigned char *labels = (unsigned char *)(bucket_ends + h->buckets);
  size_t used = 0;
  memcpy(memory, h, sizeof *h);
  edgernn_json one = edgernn_json_first(edgernn_json_get(edgernn_json_get(manifest, "tokenizer"), "ngrams"));
  for (; one.at; one = edgernn_json_next(one)) edgernn_json_integer(one, 0, EDGERNN_MOST_LENGTH, ngrams++);
  one = edgernn_json_first(edgernn_json_get(manifest, "empty"));
  for (; one.at; one = edgernn_json_next(one)) edgernn_json_probability(one, empty++);
  memset(labels, 0, h->label_bytes);
  one = edgernn_json_first(edgernn_json_get(manifest, "labels"));
  for (; one.at; one = edgernn_json_next(one)) {
    used += edgernn_json_string(one, labels + used) + 1;
    *label_ends++ = (uint32_t)used;
  }
  edgernn_index_tokens(vocab_txt, h->buckets, bucket_ends, labels + h->label_bytes);
}

EDGERNN_INTERNAL edgernn_status edgernn_make_text(edgernn_json manifest, edgernn_span vocab_txt,
                                                  void *memory, size_t *size) {
  edgernn_section_header h;
  memset(&h, 0, sizeof h);
  if (!read_rules(edgernn_json_get(manifest, "tokenizer"), &h) ||
      !read_padding(edgernn_json_get(manifest, "padding"), &h) ||
      !read_labels(edgernn_json_get(manifest, "labels"), &h) || !read_outputs(manifest, &h)) {
    return EDGERNN_ERROR_MALFORMED_MANIFEST;
  }
  if (vocab_txt.data) {
    edgernn_status status = edgernn_count_tokens(vocab_txt, &h.tokens, &h.entry_bytes);
    if (status) return status;
  }
  h.buckets = edgernn_bucket_count(h.tokens);
  *size = sizeof h + 4 * ((size_t)h.ngram_count + h.output_count + h.label_count + h.buckets) +
          h.label_bytes + h.entry_bytes;
  if (memory) write_section(manifest, vocab_txt, &h, (unsigned char *)memory);
  return EDGERNN_OK;
}
