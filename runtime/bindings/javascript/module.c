/* What JavaScript calls: one classifier in the memory of one instance of the module.
 *
 * Memory is a stack: the file, the open classifier, and then what a call needs. A call takes its parts
 * behind `base` and leaves nothing behind, so that no allocator is needed and the memory grows only for
 * a text that is longer than all before. JavaScript writes into what `reserve_*` return and reads the
 * fields of `edgernn_js_results`. */
#include "heap.h"

#define EXPORT(name) __attribute__((export_name(#name)))
#define PAGE 65536u

extern unsigned char __heap_base[];

/* What a call found; index.js reads the fields by their index. */
static struct {
  /* The probability of each label [label_count], and the index of the label of the text. */
  float *probabilities;
  size_t label, label_count;
  /* The labels, each with a NUL behind it. */
  const char *labels;
  /* Tokens of a text: ids, or with contributions and spellings. */
  int32_t *ids;
  size_t count;
  edgernn_token *tokens;
  char *spellings;
  /* Of the self-test. */
  size_t texts;
  float max_error;
  /* The model in the file. */
  const unsigned char *model;
  size_t model_bytes;
  const char *kernels;
  /* The id of an OOV token, or -1. */
  int32_t unknown;
  /* The most probable label, the runner-up, and the labels that apply. */
  size_t best, runner_up, *applying, applying_count;
} results;

static edgernn_classifier *classifier;
/* The file that is opened, and the text or ids of a call. */
static unsigned char *file, *input;
/* The start of free memory in calls, and now. */
static unsigned char *base, *top;

/* ---- Memory ------------------------------------------------------------------------------------ */

static size_t memory_end(void) { return __builtin_wasm_memory_size(0) * PAGE; }

static unsigned char *aligned(const unsigned char *place) {
  return (unsigned char *)edgernn_up_to((uintptr_t)place, EDGERNN_ALIGNMENT);
}

/* Take the next block of the stack; NULL if the memory cannot grow so far. */
EDGERNN_INTERNAL void *edgernn_allocate(size_t bytes) {
  unsigned char *block = aligned(top ? top : __heap_base);
  uint64_t end = (uint64_t)(uintptr_t)block + bytes, have = memory_end();
  if (end > have) {
    uint64_t pages = (end - have + PAGE - 1) / PAGE;
    if (pages > PAGE || __builtin_wasm_memory_grow(0, (size_t)pages) == (size_t)-1) return NULL;
  }
  top = block + bytes;
  return block;
}

/* Blocks are released in the reverse order. */
EDGERNN_INTERNAL void edgernn_release(void *block) { top = (unsigned char *)block; }

EDGERNN_INTERNAL void *edgernn_take_scratch(const edgernn_classifier *owner, size_t bytes) {
  (void)owner;
  return edgernn_allocate(bytes);
}

EDGERNN_INTERNAL void edgernn_give_scratch(const edgernn_classifier *owner, void *scratch) {
  (void)owner;
  edgernn_release(scratch);
}

/* ---- Opening ----------------------------------------------------------------------------------- */

/* Forget what was open, and return where a file goes. */
EXPORT(reserve_file) unsigned char *reserve_file(size_t bytes) {
  top = NULL;
  classifier = NULL;
  memset(&results, 0, sizeof results);
  /* A file from another tool may move by up to 3 bytes. */
  return file = bytes < (size_t)-1 - 3 ? (unsigned char *)edgernn_allocate(bytes + 3) : NULL;
}

/* Keep what was opened, and room for the probabilities. */
static edgernn_status keep(edgernn_span model) {
  size_t labels = edgernn_label_count(classifier), outputs = edgernn_output_count(classifier);
  results.label_count = labels ? labels : outputs < 2 ? 2 : outputs;
  results.labels = labels ? edgernn_label(classifier, 0) : NULL;
  results.unknown = classifier->text.vocabulary.unknown;
  results.model = model.data;
  results.model_bytes = model.size;
  results.probabilities = (float *)edgernn_allocate(results.label_count * sizeof(float));
  results.applying = (size_t *)edgernn_allocate(results.label_count * sizeof(size_t));
  base = top;
  return results.probabilities && results.applying ? EDGERNN_OK : EDGERNN_ERROR_OUT_OF_MEMORY;
}

EXPORT(open_classifier) edgernn_status open_classifier(size_t bytes) {
  edgernn_opening opening;
  edgernn_status status = edgernn_prepare(file, bytes, NULL, &opening);
  for (size_t shift = 1; status == EDGERNN_ERROR_ALIGNMENT && shift < 4; shift++) {
    memmove(file + shift, file + shift - 1, bytes);
    status = edgernn_prepare(file + shift, bytes, NULL, &opening);
  }
  if (status) return status;
  void *memory = edgernn_allocate(opening.bytes);
  if (!memory) return EDGERNN_ERROR_OUT_OF_MEMORY;
  status = edgernn_finish(&opening, memory, &classifier);
  if (status) return status;
  results.kernels = edgernn_kernels(classifier);
  return keep(opening.model);
}

#if EDGERNN_HAS_BUNDLES

/* Open the tokenizer of a bundle for another engine. */
static edgernn_status open_foreign(const edgernn_bundle *bundle) {
  size_t bytes;
  edgernn_span section;
  if (!bundle->vocab_txt.data) return EDGERNN_ERROR_NO_TOKENIZER;
  edgernn_status status = edgernn_make_text(bundle->manifest, bundle->vocab_txt, NULL, &bytes);
  if (status) return status;
  unsigned char *memory = (unsigned char *)edgernn_allocate(bytes);
  edgernn_classifier *made = (edgernn_classifier *)edgernn_allocate(sizeof *made);
  if (!memory || !made) return EDGERNN_ERROR_OUT_OF_MEMORY;
  status = edgernn_make_text(bundle->manifest, bundle->vocab_txt, memory, &bytes);
  section.data = memory;
  section.size = bytes;
  memset(made, 0, sizeof *made);
  if (!status) status = edgernn_read_text(section, &made->text, 0);
  if (status) return status;
  uint32_t *bits = (uint32_t *)edgernn_allocate((made->text.vocabulary.tokens / 32 + 1) * sizeof(uint32_t));
  if (!bits) return EDGERNN_ERROR_OUT_OF_MEMORY;
  if (!edgernn_has_each_id(&made->text.vocabulary, bits)) return EDGERNN_ERROR_MALFORMED_VOCABULARY;
  edgernn_release(bits);
  classifier = made;
  return keep(bundle->model);
}

#endif

EXPORT(open_tokenizer) edgernn_status open_tokenizer(size_t bytes) {
#if EDGERNN_HAS_BUNDLES
  edgernn_bundle bundle;
  edgernn_span data = {file, bytes};
  if (!edgernn_is_model_bin(data)) {
    edgernn_status status = edgernn_read_bundle(data, &bundle);
    if (status == EDGERNN_ERROR_OTHER_FORMAT) return open_foreign(&bundle);
  }
#endif
  edgernn_status status = open_classifier(bytes);
  return status || edgernn_label_count(classifier) ? status : EDGERNN_ERROR_NO_TOKENIZER;
}

/* ---- Calls ------------------------------------------------------------------------------------- */

/* Return where the text or the ids of the next call go. */
EXPORT(reserve_input) unsigned char *reserve_input(size_t bytes) {
  top = base;
  return input = (unsigned char *)edgernn_allocate(bytes);
}

/* Cut a text into ids, of which `capacity` are written. */
static edgernn_status tokenize(size_t bytes, int32_t *ids, size_t capacity) {
  size_t needed = edgernn_tokenizer_scratch_size(classifier, bytes);
  void *scratch = edgernn_allocate(needed);
  if (!scratch) return EDGERNN_ERROR_OUT_OF_MEMORY;
  edgernn_status status = edgernn_tokenize(classifier, (const char *)input, bytes, scratch, needed, ids,
                                           capacity, &results.count);
  edgernn_release(scratch);
  return status;
}

EXPORT(tokenize_text) edgernn_status tokenize_text(size_t bytes) {
  edgernn_status status = tokenize(bytes, NULL, 0);
  if (status && status != EDGERNN_ERROR_CAPACITY) return status;
  results.ids = (int32_t *)edgernn_allocate(results.count * sizeof *results.ids);
  return results.ids ? tokenize(bytes, results.ids, results.count) : EDGERNN_ERROR_OUT_OF_MEMORY;
}

/* Find what the probabilities say of all labels. */
static edgernn_status find_labels(void) {
  edgernn_rank(classifier, results.probabilities, &results.best, &results.runner_up);
  results.label = edgernn_choose(classifier, results.probabilities, results.best);
  return edgernn_labels(classifier, results.probabilities, results.applying, results.label_count,
                        &results.applying_count);
}

/* Classify in the memory that is there, or for a text that needs more, in as much as it needs. */
static edgernn_status classify(size_t bytes) {
  unsigned char *scratch = aligned(top);
  size_t room = memory_end() - (uintptr_t)scratch;
  edgernn_status status =
      edgernn_classify_in(classifier, (const char *)input, bytes, scratch, room, results.probabilities,
                          results.label_count, NULL);
  if (status != EDGERNN_ERROR_MEMORY_TOO_SMALL) return status;
  status = tokenize(bytes, NULL, 0);
  if (status && status != EDGERNN_ERROR_CAPACITY) return status;
  size_t cut = edgernn_tokenizer_scratch_size(classifier, bytes);
  size_t model = edgernn_ids_scratch_size(classifier, results.count);
  room = edgernn_id_bytes(edgernn_most_ids(&classifier->text, bytes)) + (model > cut ? model : cut);
  scratch = (unsigned char *)edgernn_allocate(room);
  if (!scratch) return EDGERNN_ERROR_OUT_OF_MEMORY;
  return edgernn_classify_in(classifier, (const char *)input, bytes, scratch, room, results.probabilities,
                             results.label_count, NULL);
}

EXPORT(classify_text) edgernn_status classify_text(size_t bytes) {
  edgernn_status status = classify(bytes);
  return status ? status : find_labels();
}

EXPORT(classify_ids) edgernn_status classify_ids(size_t count) {
  size_t room = edgernn_ids_scratch_size(classifier, count);
  void *scratch = edgernn_allocate(room);
  if (!scratch) return EDGERNN_ERROR_OUT_OF_MEMORY;
  edgernn_status status = edgernn_run_ids(classifier, (const int32_t *)(const void *)input, count, scratch,
                                          room, results.probabilities, results.label_count);
  if (status) return status;
  edgernn_spread(classifier, results.probabilities);
  return find_labels();
}

EXPORT(explain_text) edgernn_status explain_text(size_t bytes) {
  const char *text = (const char *)input;
  edgernn_status status = edgernn_explain(classifier, text, bytes, NULL, 0, &results.count, NULL, 0);
  if (status && status != EDGERNN_ERROR_CAPACITY) return status;
  size_t count = results.count, room = 2 * bytes + 4 * count + 1;
  results.tokens = (edgernn_token *)edgernn_allocate(count * sizeof *results.tokens);
  if (!results.tokens) return EDGERNN_ERROR_OUT_OF_MEMORY;
  /* n-grams repeat words. */
  for (;; room *= 2) {
    results.spellings = (char *)edgernn_allocate(room);
    if (!results.spellings) return EDGERNN_ERROR_OUT_OF_MEMORY;
    status = edgernn_explain(classifier, text, bytes, results.tokens, count, &results.count,
                             results.spellings, room);
    if (status != EDGERNN_ERROR_CAPACITY) return status;
    edgernn_release(results.spellings);
  }
}

EXPORT(self_test) edgernn_status self_test(void) {
  top = base;
#if EDGERNN_HAS_SELF_TEST
  return edgernn_self_test(classifier, &results.texts, &results.max_error);
#else
  /* Only a bundle has them. */
  return EDGERNN_ERROR_NO_VECTORS;
#endif
}

EXPORT(get_results) void *get_results(void) { return &results; }
