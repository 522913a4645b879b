/* Makes the text section of a version 1 bundle of its manifest and vocab.txt. */
#include "text.h"
#include "text_section.h"
#include "utf8.h"

/* The rules of edgernn-tokenizer/3. */
typedef struct edgernn_step_rules {
  edgernn_steps_header h;
  uint32_t steps[EDGERNN_MOST_STEPS], separators[EDGERNN_MOST_SEPARATORS];
} edgernn_step_rules;

/* Return the first id that is looked up by its spelling. */
static uint32_t first_id(const edgernn_section_header *h) {
  return h->split == EDGERNN_SPLIT_STEPS ? EDGERNN_PAD + 1 : EDGERNN_OUT_OF_VOCABULARY + 1;
}

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

/* Read the code points that separate tokens, sorted. Return whether each occurs once. */
static int read_separators(edgernn_json value, edgernn_step_rules *s) {
  unsigned char text[EDGERNN_MOST_SEPARATORS * EDGERNN_UTF8_BYTES];
  int is_valid;
  size_t bytes = edgernn_json_type(value) == '"' ? edgernn_json_string(value, NULL) : sizeof text + 1;
  if (bytes > sizeof text) return 0;
  edgernn_json_string(value, text);
  for (size_t i = 0, length; i < bytes; i += length) {
    length = edgernn_utf8_length(text + i, bytes - i, &is_valid);
    uint32_t code_point = edgernn_utf8_decode(text + i, length), place = s->h.separator_count;
    if (place == EDGERNN_MOST_SEPARATORS) return 0;
    for (; place && s->separators[place - 1] >= code_point; place--) {
      if (s->separators[place - 1] == code_point) return 0;
      s->separators[place] = s->separators[place - 1];
    }
    s->separators[place] = code_point;
    s->h.separator_count++;
  }
  return 1;
}

/* Read the rules that only edgernn-tokenizer/3 has. */
static int read_step_rules(edgernn_json tokenizer, edgernn_step_rules *s) {
  static const char *const names[EDGERNN_STEPS] = {
      "lower",        "unicode_lower",   "br_to_space",          "html_to_space",
      "strip_html",   "strip_punctuation", "punctuation_to_space", "strip_digits",
      "digits_to_space", "letters_only",  "letters_digits_only"};
  static const char *const split[] = {"whitespace", "character", "none", "", "separators"};
  edgernn_json steps = edgernn_json_get(tokenizer, "steps"), oov = edgernn_json_get(tokenizer, "oov");
  edgernn_json start = edgernn_json_get(tokenizer, "start");
  int kind = index_of(edgernn_json_get(tokenizer, "split"), split, 5);
  if (kind < 0 || kind == EDGERNN_UNICODE || edgernn_json_type(steps) != '[') return 0;
  for (edgernn_json one = edgernn_json_first(steps); one.at; one = edgernn_json_next(one)) {
    int step = index_of(one, names, EDGERNN_STEPS);
    if (step < 0 || s->h.step_count == EDGERNN_MOST_STEPS) return 0;
    s->steps[s->h.step_count++] = (uint32_t)step;
  }
  if (edgernn_json_type(oov) != 'n') {
    if (!edgernn_json_integer(oov, 0, EDGERNN_MOST_TOKENS - 1, &s->h.oov_plus_1)) return 0;
    s->h.oov_plus_1++;
  }
  if (edgernn_json_type(start) != 'n' &&
      !edgernn_json_integer(start, 1, EDGERNN_MOST_TOKENS - 1, &s->h.start)) {
    return 0;
  }
  s->h.split = (uint32_t)kind;
  if (!read_separators(edgernn_json_get(tokenizer, "separators"), s)) return 0;
  return (kind == EDGERNN_SEPARATORS) == (s->h.separator_count > 0);
}

static int read_rules(edgernn_json tokenizer, edgernn_section_header *h, edgernn_step_rules *s) {
  static const char *const contracts[] = {"edgernn-tokenizer/1", "edgernn-tokenizer/2", "edgernn-tokenizer/3"};
  static const char *const truncate[] = {"head", "head+tail", "tail"};
  int contract = index_of(edgernn_json_get(tokenizer, "contract"), contracts, 3);
  int tail = index_of(edgernn_json_get(tokenizer, "truncate"), truncate, 3);
  edgernn_json ngrams = edgernn_json_get(tokenizer, "ngrams");
  edgernn_json length = edgernn_json_get(tokenizer, "max_length");
  if (contract < 0 || tail < 0 || edgernn_json_type(ngrams) != '[') return 0;
  if (contract == 2) {
    h->split = EDGERNN_SPLIT_STEPS;
    if (!read_step_rules(tokenizer, s)) return 0;
  } else if (contract == 1) {
    h->split = EDGERNN_UNICODE;
  } else if (!read_keras_rules(tokenizer, h)) {
    return 0;
  }
  h->ends = (uint32_t)tail;
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
  size_t keys = edgernn_json_keys(padding);
  if (keys == 2) {
    if (!edgernn_json_equals(edgernn_json_get(padding, "side"), "pre")) return 0;
    h->ends += EDGERNN_PADS_FRONT;
  }
  return (keys == 1 || keys == 2) &&
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

/* Count the probabilities of an array. */
static int read_probabilities(edgernn_json array, uint32_t *count) {
  if (edgernn_json_type(array) != '[') return 0;
  *count = count_of(array);
  for (edgernn_json one = edgernn_json_first(array); one.at; one = edgernn_json_next(one)) {
    float number;
    if (!edgernn_json_probability(one, &number)) return 0;
  }
  return 1;
}

static int read_outputs(edgernn_json manifest, edgernn_section_header *h) {
  static const char *const heads[] = {"binary", "multiclass", "multilabel"};
  edgernn_json thresholds = edgernn_json_get(manifest, "thresholds");
  int head = index_of(edgernn_json_get(manifest, "head"), heads, 3);
  if (head < 0 || (head == 0 && h->label_count != 2)) return 0;
  if (!read_probabilities(edgernn_json_get(manifest, "empty"), &h->output_count)) return 0;
  if (thresholds.at) {
    if (!read_probabilities(thresholds, &h->threshold_count)) return 0;
    if (h->threshold_count != h->label_count) return 0;
  }
  return h->output_count == (head == 0 ? 1 : h->label_count);
}

/* Write the rules of edgernn-tokenizer/3, and return the place behind them. */
static uint32_t *write_step_rules(const edgernn_step_rules *s, uint32_t *to) {
  memcpy(to, &s->h, sizeof s->h);
  to += sizeof s->h / sizeof *to;
  memcpy(to, s->steps, s->h.step_count * sizeof *to);
  to += s->h.step_count;
  memcpy(to, s->separators, s->h.separator_count * sizeof *to);
  return to + s->h.separator_count;
}

static void write_section(edgernn_json manifest, edgernn_span vocab_txt, const edgernn_section_header *h,
                          const edgernn_step_rules *s, unsigned char *memory) {
  uint32_t *ngrams = (uint32_t *)(void *)(memory + sizeof *h);
  if (h->split == EDGERNN_SPLIT_STEPS) ngrams = write_step_rules(s, ngrams);
  float *empty = (float *)(void *)(ngrams + h->ngram_count);
  uint32_t *label_ends = (uint32_t *)(void *)(empty + h->output_count + h->threshold_count);
  uint32_t *bucket_ends = label_ends + h->label_count;
  unsigned char *labels = (unsigned char *)(bucket_ends + h->buckets);
  size_t used = 0;
  memcpy(memory, h, sizeof *h);
  edgernn_json one = edgernn_json_first(edgernn_json_get(edgernn_json_get(manifest, "tokenizer"), "ngrams"));
  for (; one.at; one = edgernn_json_next(one)) edgernn_json_integer(one, 0, EDGERNN_MOST_LENGTH, ngrams++);
  one = edgernn_json_first(edgernn_json_get(manifest, "empty"));
  for (; one.at; one = edgernn_json_next(one)) edgernn_json_probability(one, empty++);
  one = edgernn_json_first(edgernn_json_get(manifest, "thresholds"));
  for (; one.at; one = edgernn_json_next(one)) edgernn_json_probability(one, empty++);
  memset(labels, 0, h->label_bytes);
  one = edgernn_json_first(edgernn_json_get(manifest, "labels"));
  for (; one.at; one = edgernn_json_next(one)) {
    used += edgernn_json_string(one, labels + used) + 1;
    *label_ends++ = (uint32_t)used;
  }
  edgernn_index_tokens(vocab_txt, first_id(h), h->buckets, bucket_ends, labels + h->label_bytes);
}

EDGERNN_INTERNAL edgernn_status edgernn_make_text(edgernn_json manifest, edgernn_span vocab_txt,
                                                  void *memory, size_t *size) {
  edgernn_section_header h;
  edgernn_step_rules s;
  memset(&h, 0, sizeof h);
  memset(&s, 0, sizeof s);
  if (!read_rules(edgernn_json_get(manifest, "tokenizer"), &h, &s) ||
      !read_padding(edgernn_json_get(manifest, "padding"), &h) ||
      !read_labels(edgernn_json_get(manifest, "labels"), &h) || !read_outputs(manifest, &h)) {
    return EDGERNN_ERROR_MALFORMED_MANIFEST;
  }
  if (vocab_txt.data) {
    edgernn_status status = edgernn_count_tokens(vocab_txt, first_id(&h), &h.tokens, &h.entry_bytes);
    if (status) return status;
    if (s.h.oov_plus_1 > h.tokens || s.h.start >= h.tokens) return EDGERNN_ERROR_MALFORMED_VOCABULARY;
  }
  h.buckets = edgernn_bucket_count(h.tokens);
  size_t floats = (size_t)h.output_count + h.threshold_count;
  *size = sizeof h + 4 * (h.ngram_count + floats + h.label_count + h.buckets) + h.label_bytes + h.entry_bytes;
  if (h.split == EDGERNN_SPLIT_STEPS) *size += sizeof s.h + 4 * (s.h.step_count + s.h.separator_count);
  if (memory) write_section(manifest, vocab_txt, &h, &s, (unsigned char *)memory);
  return EDGERNN_OK;
}
