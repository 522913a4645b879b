/* What each token contributes to a classification, by leaving it out. */
#include "heap.h"

#if EDGERNN_HAS_EXPLAIN

/* An explanation under way. */
typedef struct explanation {
  const edgernn_classifier *classifier;
  /* All tokens' ids, and those without one token. */
  int32_t *ids, *without;
  void *scratch;
  float *probabilities;
} explanation;

/* Copy ids except the one at `left_out`, as the model reads them, and return how many there are. */
static size_t read_ids_without(const explanation *e, size_t count, size_t left_out) {
  const edgernn_text *rules = &e->classifier->text;
  size_t used = 0;
  for (size_t i = 0; i < count && !(rules->pad_to && used == rules->pad_to); i++) {
    if (i == left_out || (!rules->pad_to && e->ids[i] == EDGERNN_PAD)) continue;
    e->without[used++] = e->ids[i];
  }
  return edgernn_pad(rules, e->without, used, rules->pad_to);
}

/* Classify the tokens except one, or all of them for `left_out` = count. */
static edgernn_status classify_without(const explanation *e, size_t count, size_t left_out, size_t *label) {
  size_t used = read_ids_without(e, count, left_out);
  edgernn_status status =
      edgernn_outputs_of(e->classifier, e->without, used, e->scratch, e->probabilities);
  if (!status) *label = edgernn_spread(e->classifier, e->probabilities);
  return status;
}

/* Return the spelling of an id that has an entry. */
static edgernn_span spelling_of(const edgernn_vocabulary *v, uint32_t id) {
  edgernn_entry entry = edgernn_read_entry(v->entries);
  while (entry.id != id) entry = edgernn_read_entry(entry.next);
  edgernn_span spelling = {entry.bytes, entry.length};
  return spelling;
}

/* Write a token's spelling and a NUL. Return the place behind it, or 0 if it does not fit. */
static size_t spell(const edgernn_tokens *tokens, const edgernn_found *found, char *spellings, size_t at,
                    size_t capacity) {
  size_t count = found->count ? found->count : 1;
  for (size_t i = 0; i < count; i++) {
    edgernn_span part;
    if (found->count) {
      part.data = tokens->bytes + found->pieces[i].start;
      part.size = found->pieces[i].end - found->pieces[i].start;
    } else {
      part = spelling_of(&tokens->rules->vocabulary, tokens->rules->start);
    }
    if (at + part.size + 1 > capacity) return 0;
    memcpy(spellings + at, part.data, part.size);
    at += part.size;
    spellings[at++] = i + 1 < count ? ' ' : '\0';
  }
  return at;
}

/* Write ids and spellings of the tokens that fit, and return how many tokens there are. */
static size_t list_tokens(const explanation *e, const char *text, size_t text_bytes, edgernn_token *out,
                          size_t capacity, char *spellings, size_t spelling_capacity, int *fits) {
  edgernn_tokens tokens;
  edgernn_found found;
  size_t count = 0, at = 0;
  edgernn_cut(&e->classifier->text, text, text_bytes, e->scratch, &tokens);
  for (*fits = 1; edgernn_next_token(&tokens, &found); count++) {
    if (!*fits || count >= capacity) continue;
    size_t end = spell(&tokens, &found, spellings, at, spelling_capacity);
    if (!end) *fits = 0;
    if (!end) continue;
    e->ids[count] = found.id;
    out[count].id = e->ids[count];
    out[count].contribution = 0;
    out[count].start = (uint32_t)at;
    out[count].length = (uint32_t)(end - at - 1);
    at = end;
  }
  *fits = *fits && count <= capacity;
  return count;
}

static edgernn_status explain_tokens(const explanation *e, edgernn_token *tokens, size_t count) {
  size_t label, unused;
  edgernn_status status = classify_without(e, count, count, &label);
  float probability = status ? 0 : e->probabilities[label];
  for (size_t i = 0; i < count && !status; i++) {
    status = classify_without(e, count, i, &unused);
    if (!status) tokens[i].contribution = probability - e->probabilities[label];
  }
  return status;
}

edgernn_status edgernn_explain(const edgernn_classifier *classifier, const char *text, size_t text_bytes,
                               edgernn_token *tokens, size_t capacity, size_t *count, char *spellings,
                               size_t spelling_capacity) {
  explanation e;
  int fits;
  if (!classifier || !count || (!text && text_bytes) || (capacity && (!tokens || !spellings))) {
    return EDGERNN_ERROR_ARGUMENT;
  }
  if (!edgernn_label_count(classifier)) return EDGERNN_ERROR_NO_TOKENIZER;
  if (text_bytes > EDGERNN_MAX_TEXT_BYTES) return EDGERNN_ERROR_TEXT_TOO_LONG;
  const edgernn_text *rules = &classifier->text;
  size_t most = capacity > rules->pad_to ? capacity : rules->pad_to;
  size_t cut = edgernn_cut_bytes(rules, text_bytes), model = edgernn_model_scratch(&classifier->model, most + 1);
  size_t ids = edgernn_id_bytes(most), labels = edgernn_up_to((rules->label_count + 1) * sizeof(float), 64);
  unsigned char *block = (unsigned char *)edgernn_allocate(2 * ids + labels + (model > cut ? model : cut));
  if (!block) return EDGERNN_ERROR_OUT_OF_MEMORY;
  e.classifier = classifier;
  e.ids = (int32_t *)(void *)block;
  e.without = (int32_t *)(void *)(block + ids);
  e.probabilities = (float *)(void *)(block + 2 * ids);
  e.scratch = block + 2 * ids + labels;
  *count = list_tokens(&e, text, text_bytes, tokens, capacity, spellings, spelling_capacity, &fits);
  edgernn_status status = fits ? explain_tokens(&e, tokens, *count) : EDGERNN_ERROR_CAPACITY;
  edgernn_release(block);
  return status;
}

#endif
