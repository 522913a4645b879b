/* The reader of a model.bin's text section. */
#include "text.h"

#include "text_section.h"
#include "utf8.h"

/* ---- Reading ----------------------------------------------------------------------------------- */

static int are_flags(uint32_t a, uint32_t b, uint32_t c) { return a <= 1 && b <= 1 && c <= 1; }

static int has_valid_rules(const edgernn_text *text) {
  if (text->split > EDGERNN_UNICODE || !are_flags(text->lower, text->strip_punctuation, text->keep_tail)) {
    return 0;
  }
  if (text->max_length > EDGERNN_MOST_LENGTH || text->pad_to > EDGERNN_MOST_PADDING) return 0;
  for (uint32_t i = 0; i < text->ngram_count; i++) {
    if (text->ngrams[i] < 1 || text->ngrams[i] > EDGERNN_MOST_LENGTH) return 0;
  }
  for (uint32_t i = 0; i < text->output_count; i++) {
    if (!(text->empty[i] >= 0 && text->empty[i] <= 1)) return 0;
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

EDGERNN_INTERNAL edgernn_status edgernn_read_text(edgernn_span section, edgernn_text *text,
                                                  int is_checked) {
  edgernn_section_header h;
  if (section.size < sizeof h) return EDGERNN_ERROR_MALFORMED_VOCABULARY;
  memcpy(&h, section.data, sizeof h);
  if (h.ngram_count > EDGERNN_MOST_NGRAMS || h.label_count < 1 || h.label_count > EDGERNN_MOST_LABELS ||
      h.output_count < 1 || h.output_count > EDGERNN_MOST_LABELS || h.label_bytes > section.size ||
      h.label_bytes % 4) {
    return EDGERNN_ERROR_MALFORMED_VOCABULARY;
  }
  if (h.tokens < 2 || h.tokens > EDGERNN_MOST_TOKENS || h.buckets < 1 || h.buckets > EDGERNN_MOST_TOKENS * 2 ||
      h.buckets & (h.buckets - 1) || h.entry_bytes > section.size) {
    return EDGERNN_ERROR_MALFORMED_VOCABULARY;
  }
  uint64_t numbers = (uint64_t)h.ngram_count + h.output_count + h.label_count + h.buckets;
  if (sizeof h + 4 * numbers + h.label_bytes + h.entry_bytes != section.size) {
    return EDGERNN_ERROR_MALFORMED_VOCABULARY;
  }
  text->split = h.split;
  text->lower = h.lower;
  text->strip_punctuation = h.strip_punctuation;
  text->max_length = h.max_length;
  text->keep_tail = h.keep_tail;
  text->pad_to = h.pad_to;
  text->ngram_count = h.ngram_count;
  text->label_count = h.label_count;
  text->output_count = h.output_count;
  text->ngrams = (const uint32_t *)(const void *)(section.data + sizeof h);
  text->empty = (const float *)(const void *)(text->ngrams + h.ngram_count);
  text->label_ends = (const uint32_t *)(const void *)(text->empty + h.output_count);
  text->vocabulary.ends = text->label_ends + h.label_count;
  text->labels = (const char *)(text->vocabulary.ends + h.buckets);
  text->vocabulary.entries = (const unsigned char *)text->labels + h.label_bytes;
  text->vocabulary.buckets = h.buckets;
  text->vocabulary.tokens = h.tokens;
  if (is_checked) return EDGERNN_OK;
  if (!has_valid_rules(text) || !has_valid_labels(text, h.label_bytes)) {
    return EDGERNN_ERROR_MALFORMED_VOCABULARY;
  }
  return edgernn_check_vocabulary(&text->vocabulary, h.entry_bytes);
}
