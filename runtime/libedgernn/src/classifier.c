/* Opening and using a classifier in the caller's memory. */
#include "classifier.h"

static edgernn_status read_source(const void *data, size_t size, edgernn_opening *o) {
  edgernn_span file = {(const unsigned char *)data, size};
  if (!data) return EDGERNN_ERROR_ARGUMENT;
  o->model = file;
  if (edgernn_is_model_bin(file)) return EDGERNN_OK;
  if (!EDGERNN_HAS_BUNDLES) {
    int is_zip = size >= 2 && file.data[0] == 'P' && file.data[1] == 'K';
    return is_zip ? EDGERNN_ERROR_NOT_IN_BUILD : EDGERNN_ERROR_NOT_A_BUNDLE;
  }
  edgernn_status status = edgernn_read_bundle(file, &o->bundle);
  o->model = o->bundle.model;
  return status;
}

/* Make the text section of a version 1 bundle in the arena. */
static edgernn_status make_section(const edgernn_bundle *bundle, edgernn_arena *a, edgernn_span *section) {
  size_t size;
  edgernn_status status = edgernn_make_text(bundle->manifest, bundle->vocab_txt, NULL, &size);
  if (status) return status;
  void *memory = edgernn_take(a, size);
  if (memory) status = edgernn_make_text(bundle->manifest, bundle->vocab_txt, memory, &size);
  section->data = (const unsigned char *)memory;
  section->size = size;
  return status;
}

/* Read the text section, and check that it fits the model. */
static edgernn_status read_text(edgernn_classifier *c, edgernn_span section, int is_checked) {
  edgernn_status status = edgernn_read_text(section, &c->text, is_checked);
  if (status) return status;
  uint32_t labels = c->model.head == EDGERNN_BINARY ? 2 : c->model.outputs;
  int fits = c->text.output_count == c->model.outputs && c->text.label_count == labels;
  return fits ? EDGERNN_OK : EDGERNN_ERROR_MALFORMED_VOCABULARY;
}

/* Read everything. Without memory in the arena, check and count; with memory, what was checked before
 * is not checked again. */
static edgernn_status read_all(const edgernn_opening *o, edgernn_arena *a, edgernn_classifier *c) {
  int is_checked = a->memory != NULL;
  edgernn_span section;
  edgernn_take(a, sizeof *c);
  memset(c, 0, sizeof *c);
  edgernn_status status = edgernn_read_model(o->model, o->kernels, is_checked, a, &c->model, &section);
  if (EDGERNN_HAS_BUNDLES && EDGERNN_HAS_VERSION_1 && !status && !section.size && o->bundle.vocab_txt.data) {
    status = make_section(&o->bundle, a, &section);
    is_checked = 0;
  }
  /* A bundle has its vocabulary somewhere. */
  if (!status && !section.size && o->bundle.model.data) status = EDGERNN_ERROR_MALFORMED_BUNDLE;
  c->vectors = o->bundle.vectors;
  c->tolerance = o->bundle.tolerance;
  if (status || !section.size) return status;
  if (section.data) status = read_text(c, section, is_checked);
  if (status) return status;
  /* A bit per token. In a section that is not made yet, every entry has two bytes or more. */
  size_t words = section.data ? c->text.vocabulary.tokens / 32 + 1 : section.size / 64 + 1;
  uint32_t *bits = EDGERNN_TAKE(a, uint32_t, words);
  if (!bits) return EDGERNN_OK;
  return edgernn_has_each_id(&c->text.vocabulary, bits) ? EDGERNN_OK : EDGERNN_ERROR_MALFORMED_VOCABULARY;
}

EDGERNN_INTERNAL edgernn_status edgernn_prepare(const void *data, size_t size, const char *kernels,
                                                edgernn_opening *o) {
  edgernn_classifier counted;
  edgernn_arena a = {NULL, 0};
  memset(o, 0, sizeof *o);
  edgernn_status status = read_source(data, size, o);
  if (status) return status;
  o->kernels = edgernn_find_kernels(kernels);
  if (!o->kernels) return EDGERNN_ERROR_KERNELS;
  status = read_all(o, &a, &counted);
  o->bytes = a.used;
  return status;
}

EDGERNN_INTERNAL edgernn_status edgernn_finish(const edgernn_opening *o, void *memory,
                                               edgernn_classifier **classifier) {
  edgernn_arena a = {(unsigned char *)memory, 0};
  edgernn_status status = read_all(o, &a, (edgernn_classifier *)memory);
  *classifier = status ? NULL : (edgernn_classifier *)memory;
  return status;
}

edgernn_status edgernn_memory_size(const void *data, size_t size, const char *kernels, size_t *bytes) {
  edgernn_opening o;
  if (!bytes) return EDGERNN_ERROR_ARGUMENT;
  edgernn_status status = edgernn_prepare(data, size, kernels, &o);
  if (!status) *bytes = o.bytes;
  return status;
}

edgernn_status edgernn_open(const void *data, size_t size, const char *kernels, void *memory,
                            size_t memory_bytes, edgernn_classifier **classifier) {
  edgernn_opening o;
  if (!memory || !classifier) return EDGERNN_ERROR_ARGUMENT;
  *classifier = NULL;
  edgernn_status status = edgernn_prepare(data, size, kernels, &o);
  if (status) return status;
  if (memory_bytes < o.bytes) return EDGERNN_ERROR_MEMORY_TOO_SMALL;
  if (!edgernn_is_aligned(memory, EDGERNN_ALIGNMENT)) return EDGERNN_ERROR_ALIGNMENT;
  return edgernn_finish(&o, memory, classifier);
}

/* ---- Questions --------------------------------------------------------------------------------- */

size_t edgernn_label_count(const edgernn_classifier *classifier) {
  return classifier ? classifier->text.label_count : 0;
}

const char *edgernn_label(const edgernn_classifier *classifier, size_t index) {
  if (index >= edgernn_label_count(classifier)) return NULL;
  return classifier->text.labels + (index ? classifier->text.label_ends[index - 1] : 0);
}

size_t edgernn_output_count(const edgernn_classifier *classifier) {
  return classifier ? classifier->model.outputs : 0;
}

const char *edgernn_kernels(const edgernn_classifier *classifier) {
  return classifier ? classifier->model.kernels->name : "";
}

const char *edgernn_kernel_name(size_t index, int *is_supported) {
  for (size_t i = 0; edgernn_kernel_tables[i]; i++) {
    if (i != index) continue;
    if (is_supported) *is_supported = edgernn_kernel_tables[i]->supported();
    return edgernn_kernel_tables[i]->name;
  }
  return NULL;
}

void edgernn_set_executor(edgernn_classifier *classifier, const edgernn_executor *executor) {
  static const edgernn_executor none = {NULL, NULL};
  if (classifier) classifier->executor = executor ? *executor : none;
}

EDGERNN_INTERNAL const edgernn_executor *edgernn_executor_of(const edgernn_classifier *classifier) {
  return classifier->executor.run ? &classifier->executor : NULL;
}

/* ---- Scratch ----------------------------------------------------------------------------------- */

EDGERNN_INTERNAL size_t edgernn_id_bytes(size_t ids) {
  return edgernn_up_to(ids * sizeof(int32_t), EDGERNN_ALIGNMENT);
}

size_t edgernn_ids_scratch_size(const edgernn_classifier *classifier, size_t count) {
  return classifier ? edgernn_model_scratch(&classifier->model, count) : 0;
}

size_t edgernn_tokenizer_scratch_size(const edgernn_classifier *classifier, size_t text_bytes) {
  int has_text = edgernn_label_count(classifier) && text_bytes <= EDGERNN_MAX_TEXT_BYTES;
  return has_text ? edgernn_cut_bytes(&classifier->text, text_bytes) : 0;
}

size_t edgernn_scratch_size(const edgernn_classifier *classifier, size_t text_bytes) {
  size_t cut = edgernn_tokenizer_scratch_size(classifier, text_bytes);
  if (!cut) return 0;
  size_t ids = edgernn_most_ids(&classifier->text, text_bytes);
  size_t model = edgernn_model_scratch(&classifier->model, ids);
  return edgernn_id_bytes(ids) + (model > cut ? model : cut);
}

/* ---- Texts ------------------------------------------------------------------------------------- */

EDGERNN_INTERNAL edgernn_status edgernn_check_text(const edgernn_classifier *c, const char *text,
                                                   size_t text_bytes) {
  if (!c || (!text && text_bytes)) return EDGERNN_ERROR_ARGUMENT;
  if (!c->text.label_count) return EDGERNN_ERROR_NO_TOKENIZER;
  return text_bytes > EDGERNN_MAX_TEXT_BYTES ? EDGERNN_ERROR_TEXT_TOO_LONG : EDGERNN_OK;
}

EDGERNN_INTERNAL edgernn_status edgernn_check_scratch(const void *scratch, size_t bytes, size_t needed) {
  if (!scratch && needed) return EDGERNN_ERROR_ARGUMENT;
  if (bytes < needed) return EDGERNN_ERROR_MEMORY_TOO_SMALL;
  return edgernn_is_aligned(scratch, EDGERNN_ALIGNMENT) ? EDGERNN_OK : EDGERNN_ERROR_ALIGNMENT;
}

edgernn_status edgernn_tokenize(const edgernn_classifier *classifier, const char *text, size_t text_bytes,
                                void *scratch, size_t scratch_bytes, int32_t *ids, size_t capacity,
                                size_t *count) {
  edgernn_status status = edgernn_check_text(classifier, text, text_bytes);
  if (!status && (!count || (!ids && capacity))) status = EDGERNN_ERROR_ARGUMENT;
  if (status) return status;
  const edgernn_text *rules = &classifier->text;
  status = edgernn_check_scratch(scratch, scratch_bytes, edgernn_cut_bytes(rules, text_bytes));
  if (status) return status;
  *count = edgernn_number(rules, text, text_bytes, scratch, ids, capacity);
  return *count > capacity ? EDGERNN_ERROR_CAPACITY : EDGERNN_OK;
}

EDGERNN_INTERNAL edgernn_status edgernn_check_outputs(const edgernn_classifier *c, const float *outputs) {
  for (size_t i = 0; i < c->model.outputs; i++) {
    if (!(outputs[i] >= 0 && outputs[i] <= 1)) return EDGERNN_ERROR_OUTPUT;
  }
  return EDGERNN_OK;
}

EDGERNN_INTERNAL edgernn_status edgernn_outputs_of(const edgernn_classifier *c, const int32_t *ids,
                                                   size_t count, void *scratch, float *outputs) {
  if (count == 0) {
    memcpy(outputs, c->text.empty, c->model.outputs * sizeof *outputs);
    return EDGERNN_OK;
  }
  if (!edgernn_are_ids(&c->model, ids, count)) return EDGERNN_ERROR_IDS;
  edgernn_run_model(&c->model, ids, count, scratch, edgernn_executor_of(c), outputs);
  return edgernn_check_outputs(c, outputs);
}

EDGERNN_INTERNAL size_t edgernn_spread(const edgernn_classifier *c, float *probabilities) {
  size_t best = 0;
  if (c->model.head == EDGERNN_BINARY) {
    /* Of two labels, the model has the second one's probability. */
    probabilities[1] = probabilities[0];
    probabilities[0] = 1.0f - probabilities[1];
  }
  for (size_t i = 1; i < edgernn_probability_count(c); i++) {
    if (probabilities[i] > probabilities[best]) best = i;
  }
  return best;
}

edgernn_status edgernn_run_ids(const edgernn_classifier *classifier, const int32_t *ids, size_t count,
                               void *scratch, size_t scratch_bytes, float *outputs, size_t capacity) {
  if (!classifier || !outputs || (!ids && count)) return EDGERNN_ERROR_ARGUMENT;
  if (count == 0) return EDGERNN_ERROR_IDS;
  if (capacity < classifier->model.outputs) return EDGERNN_ERROR_CAPACITY;
  size_t needed = edgernn_model_scratch(&classifier->model, count);
  edgernn_status status = edgernn_check_scratch(scratch, scratch_bytes, needed);
  return status ? status : edgernn_outputs_of(classifier, ids, count, scratch, outputs);
}

edgernn_status edgernn_classify_in(const edgernn_classifier *classifier, const char *text, size_t text_bytes,
                                   void *scratch, size_t scratch_bytes, float *probabilities,
                                   size_t capacity, size_t *label) {
  edgernn_status status = edgernn_check_text(classifier, text, text_bytes);
  if (!status && !probabilities) status = EDGERNN_ERROR_ARGUMENT;
  if (status) return status;
  if (capacity < classifier->text.label_count) return EDGERNN_ERROR_CAPACITY;
  const edgernn_text *rules = &classifier->text;
  size_t ids_end = edgernn_id_bytes(edgernn_most_ids(rules, text_bytes));
  status = edgernn_check_scratch(scratch, scratch_bytes, ids_end + edgernn_cut_bytes(rules, text_bytes));
  if (status) return status;
  int32_t *ids = (int32_t *)scratch;
  void *rest = (unsigned char *)scratch + ids_end;
  size_t count = edgernn_number(rules, text, text_bytes, rest, ids, edgernn_most_ids(rules, text_bytes));
  size_t needed = count ? edgernn_model_scratch(&classifier->model, count) : 0;
  if (scratch_bytes - ids_end < needed) return EDGERNN_ERROR_MEMORY_TOO_SMALL;
  status = edgernn_outputs_of(classifier, ids, count, rest, probabilities);
  if (status) return status;
  size_t best = edgernn_spread(classifier, probabilities);
  if (label) *label = edgernn_choose(classifier, probabilities, best);
  return EDGERNN_OK;
}
