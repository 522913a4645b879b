/* The self-test: vectors.json is a list of {"text": base64, "ids": [...], "output": [...]}. */
#include "heap.h"

#if EDGERNN_HAS_SELF_TEST

/* A replay under way: blocks that are as large as the largest vector needs. */
typedef struct replay {
  const edgernn_classifier *classifier;
  unsigned char *text;
  int32_t *ids, *expected_ids;
  float *outputs, *expected;
  size_t texts, failures;
  float max_error;
} replay;

static int base64_value(unsigned char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Decode a string of base64 in place. Return its bytes, or (size_t)-1 if it is malformed. */
static size_t decode_base64(unsigned char *text, size_t size) {
  size_t used = 0, padding = 0;
  if (size % 4) return (size_t)-1;
  for (size_t i = 0; i < size; i += 4) {
    uint32_t bits = 0;
    for (size_t k = 0; k < 4; k++) {
      int value = base64_value(text[i + k]);
      int is_padding = text[i + k] == '=' && i + 4 == size && k >= 2;
      if (value < 0 && !is_padding) return (size_t)-1;
      if (padding && !is_padding) return (size_t)-1;
      padding += (size_t)is_padding;
      bits = bits << 6 | (uint32_t)(is_padding ? 0 : value);
    }
    for (int k = 16; k >= 0; k -= 8) text[used++] = (unsigned char)(bits >> k);
  }
  return used - padding;
}

/* Read an array of ids into a block of `capacity`. Return the count, or (size_t)-1. */
static size_t read_ids(edgernn_json array, int32_t *ids) {
  size_t count = 0;
  for (edgernn_json one = edgernn_json_first(array); one.at; one = edgernn_json_next(one)) {
    uint32_t id;
    if (!edgernn_json_integer(one, 0, 0x7fffffffu, &id)) return (size_t)-1;
    if (ids) ids[count] = (int32_t)id;
    count++;
  }
  return edgernn_json_type(array) == '[' ? count : (size_t)-1;
}

static int read_outputs_of(edgernn_json array, float *outputs, size_t expected) {
  size_t count = 0;
  for (edgernn_json one = edgernn_json_first(array); one.at; one = edgernn_json_next(one)) {
    float number;
    if (!edgernn_json_probability(one, &number)) return 0;
    if (outputs && count < expected) outputs[count] = number;
    count++;
  }
  return count == expected;
}

/* Return whether two outputs differ by more than the tolerance, and note the largest error. */
static int is_different(replay *r, size_t outputs) {
  int differs = 0;
  for (size_t i = 0; i < outputs; i++) {
    float error = r->outputs[i] - r->expected[i];
    if (error < 0) error = -error;
    if (error > r->max_error) r->max_error = error;
    differs |= error > r->classifier->tolerance;
  }
  return differs;
}

static edgernn_status replay_vector(replay *r, edgernn_json vector) {
  const edgernn_classifier *c = r->classifier;
  size_t outputs = edgernn_output_count(c);
  size_t size = edgernn_json_string(edgernn_json_get(vector, "text"), r->text);
  size = decode_base64(r->text, size);
  size_t expected = read_ids(edgernn_json_get(vector, "ids"), r->expected_ids);
  read_outputs_of(edgernn_json_get(vector, "output"), r->expected, outputs);
  if (size == (size_t)-1) return EDGERNN_ERROR_MALFORMED_VECTORS;
  if (size > EDGERNN_MAX_TEXT_BYTES) return EDGERNN_ERROR_TEXT_TOO_LONG;
  size_t bytes = edgernn_cut_bytes(&c->text, size);
  size_t needed = edgernn_model_scratch(&c->model, expected ? expected : 1);
  void *scratch = edgernn_take_scratch(c, needed > bytes ? needed : bytes);
  if (!scratch) return EDGERNN_ERROR_OUT_OF_MEMORY;
  size_t count = edgernn_number(&c->text, (const char *)r->text, size, scratch, r->ids, expected);
  int is_same = count == expected && !memcmp(r->ids, r->expected_ids, count * sizeof *r->ids);
  edgernn_status status = EDGERNN_OK;
  if (is_same) status = edgernn_outputs_of(c, r->ids, count, scratch, r->outputs);
  edgernn_give_scratch(c, scratch);
  if (status) return status;
  r->texts++;
  r->failures += !is_same || is_different(r, outputs);
  return EDGERNN_OK;
}

/* Check the types of all vectors, and find the largest text and the most ids. */
static edgernn_status measure(const edgernn_classifier *c, edgernn_json list, size_t *text, size_t *ids) {
  *text = *ids = 1;
  if (!edgernn_json_first(list).at) return EDGERNN_ERROR_MALFORMED_VECTORS;
  for (edgernn_json one = edgernn_json_first(list); one.at; one = edgernn_json_next(one)) {
    edgernn_json string = edgernn_json_get(one, "text");
    if (edgernn_json_type(string) != '"') return EDGERNN_ERROR_MALFORMED_VECTORS;
    size_t size = edgernn_json_string(string, NULL), count = read_ids(edgernn_json_get(one, "ids"), NULL);
    int fits = read_outputs_of(edgernn_json_get(one, "output"), NULL, edgernn_output_count(c));
    if (size == (size_t)-1 || count == (size_t)-1 || !fits) return EDGERNN_ERROR_MALFORMED_VECTORS;
    if (size > *text) *text = size;
    if (count > *ids) *ids = count;
  }
  return EDGERNN_OK;
}

static edgernn_status replay_all(replay *r, edgernn_json list, size_t text, size_t ids) {
  size_t outputs = edgernn_output_count(r->classifier);
  size_t id_bytes = edgernn_id_bytes(ids), output_bytes = edgernn_up_to(outputs * sizeof(float), 64);
  unsigned char *block = (unsigned char *)edgernn_allocate(2 * id_bytes + 2 * output_bytes + text);
  if (!block) return EDGERNN_ERROR_OUT_OF_MEMORY;
  r->ids = (int32_t *)(void *)block;
  r->expected_ids = (int32_t *)(void *)(block + id_bytes);
  r->outputs = (float *)(void *)(block + 2 * id_bytes);
  r->expected = (float *)(void *)(block + 2 * id_bytes + output_bytes);
  r->text = block + 2 * id_bytes + 2 * output_bytes;
  edgernn_status status = EDGERNN_OK;
  for (edgernn_json one = edgernn_json_first(list); one.at && !status; one = edgernn_json_next(one)) {
    status = replay_vector(r, one);
  }
  edgernn_release(block);
  return status;
}

edgernn_status edgernn_self_test(const edgernn_classifier *classifier, size_t *texts, float *max_error) {
  replay r;
  edgernn_json list;
  size_t text, ids;
  memset(&r, 0, sizeof r);
  r.classifier = classifier;
  if (!classifier) return EDGERNN_ERROR_ARGUMENT;
  if (!classifier->vectors.size || !classifier->text.label_count) return EDGERNN_ERROR_NO_VECTORS;
  if (!edgernn_json_parse(classifier->vectors, &list)) return EDGERNN_ERROR_MALFORMED_VECTORS;
  edgernn_status status = measure(classifier, list, &text, &ids);
  if (!status) status = replay_all(&r, list, text, ids);
  if (status) return status;
  if (texts) *texts = r.texts;
  if (max_error) *max_error = r.max_error;
  return r.failures ? EDGERNN_ERROR_SELF_TEST : EDGERNN_OK;
}

#endif
