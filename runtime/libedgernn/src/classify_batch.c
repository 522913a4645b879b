/* Many texts: ids first, then groups of similar length side by side. */
#include "batch.h"
#include "heap.h"

#if EDGERNN_HAS_BATCH

/* What texts side by side may take, unless one text alone takes more. */
#define BATCH_BYTES ((size_t)32 << 20)

/* The caller's outputs. */
typedef struct batch_outputs {
  float *probabilities;
  size_t *labels;
  edgernn_status *statuses;
} batch_outputs;

/* ---- Scratch ----------------------------------------------------------------------------------- */

/* Return the bytes for the ids of all texts, and in `*longest` the most ids of a text. */
static size_t batch_ids_bytes(const edgernn_classifier *c, const size_t *text_bytes, size_t count, size_t *longest) {
  size_t bytes = edgernn_up_to(count * sizeof(edgernn_batch_text), EDGERNN_ALIGNMENT), most_cut = 0;
  *longest = 1;
  for (size_t i = 0; i < count; i++) {
    if (text_bytes[i] > EDGERNN_MAX_TEXT_BYTES) continue;
    size_t ids = edgernn_most_ids(&c->text, text_bytes[i]), cut = edgernn_cut_bytes(&c->text, text_bytes[i]);
    bytes += edgernn_id_bytes(ids);
    most_cut = cut > most_cut ? cut : most_cut;
    *longest = ids > *longest ? ids : *longest;
  }
  return bytes + most_cut;
}

/* Return the bytes in which as many texts as help run side by side, the longest of `ids` ids. */
static size_t group_bytes(const edgernn_model *model, size_t ids, size_t count) {
  size_t one = edgernn_model_scratch(model, ids);
  if (count > EDGERNN_MOST_TEXTS) count = EDGERNN_MOST_TEXTS;
  if (count < 2 || !edgernn_runs_batches(model)) return one;
  edgernn_batch_text texts[EDGERNN_MOST_TEXTS];
  for (size_t i = 0; i < count; i++) texts[i].count = ids;
  size_t bytes = edgernn_batch_bytes(model, texts, count);
  if (bytes > BATCH_BYTES) bytes = BATCH_BYTES;
  return bytes > one ? bytes : one;
}

size_t edgernn_batch_scratch_size(const edgernn_classifier *classifier, const size_t *text_bytes, size_t count) {
  size_t longest;
  if (!edgernn_label_count(classifier) || (!text_bytes && count)) return 0;
  size_t bytes = batch_ids_bytes(classifier, text_bytes, count, &longest);
  return bytes + group_bytes(&classifier->model, longest, count);
}

/* ---- Ids --------------------------------------------------------------------------------------- */

static edgernn_status check_batch(const edgernn_classifier *c, const char *const *texts, const size_t *text_bytes,
                                  size_t count, size_t capacity, const batch_outputs *out) {
  if (!c || (count && (!texts || !text_bytes || !out->probabilities || !out->statuses))) return EDGERNN_ERROR_ARGUMENT;
  if (!c->text.label_count) return EDGERNN_ERROR_NO_TOKENIZER;
  return count > capacity / c->text.label_count ? EDGERNN_ERROR_CAPACITY : EDGERNN_OK;
}

/* Make probabilities of the outputs of a text. */
static void finish_text(const edgernn_classifier *c, const batch_outputs *out, size_t index, edgernn_status status) {
  out->statuses[index] = status;
  if (status) return;
  float *probabilities = out->probabilities + index * c->text.label_count;
  size_t best = edgernn_spread(c, probabilities);
  if (out->labels) out->labels[index] = edgernn_choose(c, probabilities, best);
}

/* Make the ids of all texts, and return how many texts have some. The others are finished. */
static size_t number_texts(const edgernn_classifier *c, const char *const *texts, const size_t *text_bytes,
                           size_t count, const batch_outputs *out, edgernn_arena *a, edgernn_batch_text *found) {
  size_t used = 0;
  for (size_t i = 0; i < count; i++) {
    edgernn_status status = edgernn_check_text(c, texts[i], text_bytes[i]);
    if (status) {
      finish_text(c, out, i, status);
      continue;
    }
    int32_t *ids = (int32_t *)(void *)(a->memory + a->used);
    size_t most = edgernn_most_ids(&c->text, text_bytes[i]);
    size_t own = edgernn_number(&c->text, texts[i], text_bytes[i], a->memory + a->used + edgernn_id_bytes(most), ids, most);
    if (own == 0 || !edgernn_are_ids(&c->model, ids, own)) {
      float *outputs = out->probabilities + i * c->text.label_count;
      finish_text(c, out, i, edgernn_outputs_of(c, ids, own, NULL, outputs));
      continue;
    }
    EDGERNN_TAKE(a, int32_t, own);
    edgernn_batch_text text = {ids, own, i};
    found[used++] = text;
  }
  return used;
}

/* Sort the longest first: Shell's method, with the gaps of Ciura. */
static void sort_texts(edgernn_batch_text *texts, size_t count) {
  static const size_t gaps[] = {29524, 9841, 3280, 1093, 364, 121, 40, 13, 4, 1};
  for (size_t g = 0; g < sizeof gaps / sizeof *gaps; g++) {
    for (size_t i = gaps[g]; i < count; i++) {
      edgernn_batch_text text = texts[i];
      size_t at = i;
      for (; at >= gaps[g] && texts[at - gaps[g]].count < text.count; at -= gaps[g]) texts[at] = texts[at - gaps[g]];
      texts[at] = text;
    }
  }
}

/* ---- Groups ------------------------------------------------------------------------------------ */

/* Return how many of the texts run side by side in so much memory; 1 if they do not. */
static size_t group_size(const edgernn_model *model, const edgernn_batch_text *texts, size_t count, size_t bytes) {
  if (!edgernn_runs_batches(model)) return 1;
  if (count > EDGERNN_MOST_TEXTS) count = EDGERNN_MOST_TEXTS;
  while (count > 1 && edgernn_batch_bytes(model, texts, count) > bytes) count--;
  return count;
}

/* Run the texts in groups. The memory starts at a multiple of EDGERNN_ALIGNMENT. */
static void run_groups(const edgernn_classifier *c, const edgernn_batch_text *texts, size_t count, void *memory,
                       size_t bytes, const batch_outputs *out) {
  float *outputs[EDGERNN_MOST_TEXTS];
  for (size_t first = 0, size; first < count; first += size) {
    const edgernn_batch_text *group = texts + first;
    size = group_size(&c->model, group, count - first, bytes);
    for (size_t i = 0; i < size; i++) outputs[i] = out->probabilities + group[i].index * c->text.label_count;
    edgernn_status status = EDGERNN_OK;
    if (size > 1) {
      edgernn_run_batch(&c->model, group, size, memory, edgernn_executor_of(c), outputs);
    } else if (edgernn_model_scratch(&c->model, group->count) > bytes) {
      status = EDGERNN_ERROR_MEMORY_TOO_SMALL;
    } else {
      edgernn_run_model(&c->model, group->ids, group->count, memory, edgernn_executor_of(c), outputs[0]);
    }
    for (size_t i = 0; i < size; i++) {
      finish_text(c, out, group[i].index, status ? status : edgernn_check_outputs(c, outputs[i]));
    }
  }
}

edgernn_status edgernn_classify_batch_in(const edgernn_classifier *classifier, const char *const *texts,
                                         const size_t *text_bytes, size_t count, void *scratch,
                                         size_t scratch_bytes, float *probabilities, size_t capacity,
                                         size_t *labels, edgernn_status *statuses) {
  batch_outputs out = {probabilities, labels, statuses};
  edgernn_arena a = {(unsigned char *)scratch, 0};
  size_t longest;
  edgernn_status status = check_batch(classifier, texts, text_bytes, count, capacity, &out);
  if (status || !count) return status;
  size_t needed = batch_ids_bytes(classifier, text_bytes, count, &longest);
  status = edgernn_check_scratch(scratch, scratch_bytes, needed);
  if (status) return status;
  edgernn_batch_text *found = EDGERNN_TAKE(&a, edgernn_batch_text, count);
  size_t used = number_texts(classifier, texts, text_bytes, count, &out, &a, found);
  sort_texts(found, used);
  run_groups(classifier, found, used, a.memory + a.used, scratch_bytes - a.used, &out);
  return EDGERNN_OK;
}

#if EDGERNN_HAS_HEAP
edgernn_status edgernn_classify_batch(const edgernn_classifier *classifier, const char *const *texts,
                                      const size_t *text_bytes, size_t count, float *probabilities,
                                      size_t capacity, size_t *labels, edgernn_status *statuses) {
  batch_outputs out = {probabilities, labels, statuses};
  size_t longest;
  edgernn_status status = check_batch(classifier, texts, text_bytes, count, capacity, &out);
  if (status || !count) return status;
  edgernn_arena a = {NULL, 0};
  a.memory = (unsigned char *)edgernn_allocate(batch_ids_bytes(classifier, text_bytes, count, &longest));
  if (!a.memory) return EDGERNN_ERROR_OUT_OF_MEMORY;
  edgernn_batch_text *found = EDGERNN_TAKE(&a, edgernn_batch_text, count);
  size_t used = number_texts(classifier, texts, text_bytes, count, &out, &a, found);
  sort_texts(found, used);
  size_t bytes = used ? group_bytes(&classifier->model, found->count, used) : 0;
  void *memory = used ? edgernn_take_scratch(classifier, bytes) : NULL;
  if (memory) {
    run_groups(classifier, found, used, memory, bytes, &out);
    edgernn_give_scratch(classifier, memory);
  } else if (used) {
    status = EDGERNN_ERROR_OUT_OF_MEMORY;
  }
  edgernn_release(a.memory);
  return status;
}
#endif

#endif
