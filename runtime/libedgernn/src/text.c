/* The reader of a model.bin's text section. */
#include "text.h"

#include "text_section.h"
#include "utf8.h"

/* ---- Reading ----------------------------------------------------------------------------------- */

static int has_valid_steps(const edgernn_text *text) {
  int has_separators = text->split == EDGERNN_SEPARATORS;
  if (text->split > EDGERNN_SEPARATORS || text->split == EDGERNN_UNICODE) return 0;
  if (text->lower || text->strip_punctuation || has_separators != (text->separator_count > 0)) return 0;
  for (uint32_t i = 0; i < text->step_count; i++) {
    if (text->steps[i] >= EDGERNN_STEPS) return 0;
  }
  for (uint32_t i = 0; i < text->separator_count; i++) {
    uint32_t separator = text->separators[i];
    if (separator > 0x10ffff || (separator >= 0xd800 && separator < 0xe000)) return 0;
    if (i && separator <= text->separators[i - 1]) return 0;
  }
  return text->vocabulary.unknown < (int32_t)text->vocabulary.tokens && text->start < text->vocabulary.tokens;
}

static int has_valid_rules(const edgernn_text *text) {
  if (EDGERNN_HAS_STEPS && text->has_steps ? !has_valid_steps(text) : text->split > EDGERNN_UNICODE) return 0;
  if (text->lower > 1 || text->strip_punctuation > 1 || text->truncation > EDGERNN_TAIL) return 0;
  if (text->pads_front > 1 || (text->pads_front && !text->pad_to)) return 0;
  if (text->max_length > EDGERNN_MOST_LENGTH || text->pad_to > EDGERNN_MOST_PADDING) return 0;
  for (uint32_t i = 0; i < text->ngram_count; i++) {
    if (text->ngrams[i] < 1 || text->ngrams[i] > EDGERNN_MOST_LENGTH) return 0;
  }
  for (uint32_t i = 0; i < text->output_count; i++) {
    if (!(text->empty[i] >= 0 && text->empty[i] <= 1)) return 0;
  }
  for (uint32_t i = 0; text->thresholds && i < text->label_count; i++) {
    if (!(text->thresholds[i] >= 0 && text->thresholds[i] <= 1)) return 0;
  }
  return 1;
}

static const char *label_at(const edgernn_text *text, uint32_t i, size_t *length) {
  uint32_t start = i ? text->label_ends[i - 1] : 0;
  *length = text->label_ends[i] - start - 1;
  return text->labels + start;
}

/* Return whether labels are UTF-8, end in a NUL, contain no other, and are distinct. */
static int has_valid_labels(const edgernn_text *text, uint32_t bytes) {
  uint32_t start = 0;
  for (uint32_t i = 0; i < text->label_count; i++) {
    uint32_t end = text->label_ends[i];
    if (end <= start || end > bytes) return 0;
    const char *label = text->labels + start;
    size_t length = end - start - 1, other_length;
    if (memchr(label, 0, length + 1) != label + length) return 0;
    if (!edgernn_is_utf8((const unsigned char *)label, length)) return 0;
    for (uint32_t other = 0; other < i; other++) {
      const char *earlier = label_at(text, other, &other_length);
      if (other_length == length && !memcmp(earlier, label, length)) return 0;
    }
    start = end;
  }
  return edgernn_up_to(start, 4) == bytes;
}

/* Return whether the numbers of the header are in range, and those of steps fit into the section. */
static int has_valid_counts(const edgernn_section_header *h, const edgernn_steps_header *steps, size_t size) {
  if (h->ngram_count > EDGERNN_MOST_NGRAMS || h->label_count < 1 || h->label_count > EDGERNN_MOST_LABELS ||
      h->output_count < 1 || h->output_count > EDGERNN_MOST_LABELS || h->label_bytes > size ||
      h->label_bytes % 4) {
    return 0;
  }
  if (h->tokens < 2 || h->tokens > EDGERNN_MOST_TOKENS || h->buckets < 1 ||
      h->buckets > EDGERNN_MOST_TOKENS * 2 || h->buckets & (h->buckets - 1) || h->entry_bytes > size) {
    return 0;
  }
  if (h->threshold_count && h->threshold_count != h->label_count) return 0;
  return steps->step_count <= EDGERNN_MOST_STEPS && steps->separator_count <= EDGERNN_MOST_SEPARATORS &&
         steps->oov_plus_1 <= EDGERNN_MOST_TOKENS;
}

/* Set the rules of edgernn-tokenizer/3, or those of the others that stand for them. */
static void set_step_rules(edgernn_text *text, const edgernn_steps_header *steps, const uint32_t *lists) {
  text->split = steps->split;
  text->step_count = steps->step_count;
  text->separator_count = steps->separator_count;
  text->start = steps->start;
  text->steps = lists;
  text->separators = lists + steps->step_count;
  text->vocabulary.first = text->has_steps ? EDGERNN_PAD + 1 : EDGERNN_OUT_OF_VOCABULARY + 1;
  text->vocabulary.unknown = (int32_t)steps->oov_plus_1 - 1;
}

EDGERNN_INTERNAL edgernn_status edgernn_read_text(edgernn_span section, edgernn_text *text,
                                                  int is_checked) {
  edgernn_section_header h;
  if (section.size < sizeof h) return EDGERNN_ERROR_MALFORMED_VOCABULARY;
  memcpy(&h, section.data, sizeof h);
  edgernn_steps_header steps = {0, 0, h.split, EDGERNN_OUT_OF_VOCABULARY + 1, 0};
  text->has_steps = h.split == EDGERNN_SPLIT_STEPS;
  size_t head = sizeof h + (text->has_steps ? sizeof steps : 0);
  if (section.size < head) return EDGERNN_ERROR_MALFORMED_VOCABULARY;
  if (text->has_steps) memcpy(&steps, section.data + sizeof h, sizeof steps);
  if (!has_valid_counts(&h, &steps, section.size)) return EDGERNN_ERROR_MALFORMED_VOCABULARY;
  uint64_t numbers = (uint64_t)steps.step_count + steps.separator_count + h.ngram_count + h.output_count +
                     h.threshold_count + h.label_count + h.buckets;
  if (head + 4 * numbers + h.label_bytes + h.entry_bytes != section.size) {
    return EDGERNN_ERROR_MALFORMED_VOCABULARY;
  }
  int is_left_out = (!EDGERNN_HAS_STEPS && text->has_steps) || (!EDGERNN_HAS_UNICODE && h.split == EDGERNN_UNICODE);
  if (is_left_out) return EDGERNN_ERROR_NOT_IN_BUILD;
  set_step_rules(text, &steps, (const uint32_t *)(const void *)(section.data + head));
  text->lower = h.lower;
  text->strip_punctuation = h.strip_punctuation;
  text->max_length = h.max_length;
  text->truncation = h.ends % EDGERNN_PADS_FRONT;
  text->pads_front = h.ends / EDGERNN_PADS_FRONT;
  text->pad_to = h.pad_to;
  text->ngram_count = h.ngram_count;
  text->label_count = h.label_count;
  text->output_count = h.output_count;
  text->ngrams = text->separators + steps.separator_count;
  text->empty = (const float *)(const void *)(text->ngrams + h.ngram_count);
  text->thresholds = h.threshold_count ? text->empty + h.output_count : NULL;
  text->label_ends = (const uint32_t *)(const void *)(text->empty + h.output_count + h.threshold_count);
  text->vocabulary.ends = text->label_ends + h.label_count;
  text->labels = (const char *)(text->vocabulary.ends + h.buckets);
  text->vocabulary.entries = (const unsigned char *)text->labels + h.label_bytes;
  text->vocabulary.buckets = h.buckets;
  text->vocabulary.tokens = h.tokens;
  if (is_checked) return EDGERNN_OK;
  if (!has_valid_rules(text) || !has_valid_labels(text, h.label_bytes)) {
    return EDGERNN_ERROR_MALFORMED_VOCABULARY;
  }
  for (uint32_t i = 0; !EDGERNN_HAS_UNICODE && i < text->step_count; i++) {
    if (text->steps[i] == EDGERNN_UNICODE_LOWER) return EDGERNN_ERROR_NOT_IN_BUILD;
  }
  return edgernn_check_vocabulary(&text->vocabulary, h.entry_bytes);
}
