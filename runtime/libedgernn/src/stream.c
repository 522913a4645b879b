/* A text's way through layers that follow on each other: no more of a sequence is kept than the next layer
 * needs.
 *
 * Layers that go forward, dense layers and poolings work on a block of steps, one after the other, and
 * then on the next block. A layer of two directions reads all steps twice, from both ends. If a pooling
 * follows, it keeps running sums and maxima; otherwise, its output is a sequence of the whole text. */
#include "stream.h"

/* Layers that stream, from one to the one in front of `end`. */
typedef struct stream {
  const edgernn_model *model;
  uint32_t begin, end, count;
  /* What is read at a time. */
  size_t block;
  /* NULL while bytes are counted. */
  edgernn_stage *stages;
  /* The vectors of a block of ids, unless the first layer looks them up itself. */
  edgernn_sequence text;
} stream;

EDGERNN_INTERNAL int edgernn_streams(const edgernn_model *model) {
  for (uint32_t i = 0; i < model->layer_count; i++) {
    uint32_t kind = model->layers[i].kind;
    int is_pooling = kind == EDGERNN_POOLING || kind == EDGERNN_POOLINGS;
    if (kind != EDGERNN_RECURRENT && kind != EDGERNN_DENSE && !is_pooling) return 0;
  }
  return model->layer_count > 0;
}

/* Return the layer behind those that stream from `begin` on. */
static uint32_t end_of(const edgernn_model *model, uint32_t begin) {
  uint32_t end = begin;
  do {
    const edgernn_layer *layer = &model->layers[end];
    int is_recurrent = layer->kind == EDGERNN_RECURRENT;
    if (end > begin && is_recurrent && (layer->directions == 2 || layer->direction[0].reverse)) return end;
    end += 1 + edgernn_pools_states(model, end);
    if (is_recurrent && layer->directions == 2) return end;
  } while (model->layers[end - 1].is_sequence);
  return end;
}

/* Return the bytes of memory that the layers need in turns. */
static size_t work_bytes(const stream *s, int reads_ids) {
  size_t most = 0;
  for (uint32_t index = s->begin; index < s->end; index++) {
    edgernn_arena unused = {NULL, 0}, work = {NULL, 0};
    const edgernn_layer *layer = &s->model->layers[index];
    edgernn_walk walk;
    if (layer->kind != EDGERNN_RECURRENT) continue;
    edgernn_open_walk(&unused, &work, &walk, s->model, layer, s->block, reads_ids && index == s->begin);
    most = work.used > most ? work.used : most;
  }
  return most;
}

/* Take the memory of the layers. */
static void open_stream(edgernn_arena *a, stream *s, size_t steps, int reads_ids) {
  const edgernn_layer *first = &s->model->layers[s->begin];
  edgernn_stage unused;
  s->block = steps < EDGERNN_CHUNK || first->directions == 2 ? steps : EDGERNN_CHUNK;
  s->stages = EDGERNN_TAKE(a, edgernn_stage, s->count);
  if (reads_ids && first->kind != EDGERNN_RECURRENT) edgernn_open_text(a, s->model, s->block, &s->text);
  unsigned char *shared = (unsigned char *)edgernn_take(a, work_bytes(s, reads_ids));
  uint32_t index = s->begin;
  for (uint32_t i = 0; i < s->count; i++) {
    edgernn_stage *own = s->stages ? &s->stages[i] : &unused;
    own->layer = &s->model->layers[index];
    if (own->layer->kind == EDGERNN_RECURRENT) {
      edgernn_arena work = {shared, 0};
      edgernn_open_walk(a, &work, &own->walk, s->model, own->layer, s->block, reads_ids && !i);
      if (edgernn_pools_states(s->model, index)) own->walk.pooling = &s->model->layers[++index];
    }
    if (++index < s->end) edgernn_open_output(a, s->model, index - 1, s->block, &own->y);
  }
}

/* Find the layers that stream from `begin` on. */
static stream find_stream(const edgernn_model *model, uint32_t begin) {
  stream s;
  memset(&s, 0, sizeof s);
  s.model = model;
  s.begin = begin;
  s.end = end_of(model, begin);
  for (uint32_t i = begin; i < s.end; i++) {
    s.count++;
    i += (uint32_t)edgernn_pools_states(model, i);
  }
  return s;
}

/* Run a layer on a block. */
static void run_stage(const edgernn_kernel_table *kernels, edgernn_stage *s, const int32_t *ids,
                      const edgernn_sequence *x, size_t count, int is_first, edgernn_sequence *y,
                      const edgernn_executor *executor) {
  const edgernn_layer *layer = s->layer;
  if (EDGERNN_HAS_RECURRENT && layer->kind == EDGERNN_RECURRENT) {
    s->walk.ids = ids;
    s->walk.x = x;
    s->walk.steps = count;
    s->walk.y = y;
    edgernn_walk_on(&s->walk, executor);
  } else if (layer->kind == EDGERNN_DENSE) {
    edgernn_run_dense(layer, x, y);
  } else {
    for (size_t t = 0; t < count; t++) {
      const float *step = x->float32 + t * x->width;
      edgernn_pool_step(kernels, layer, step, is_first && !t, 0, layer->input_size, y->float32);
    }
  }
}

/* Run the layers on the block of `count` steps from `first`, in the order of the walk. */
static void run_block(const stream *s, const int32_t *ids, const edgernn_sequence *x, size_t steps, size_t first,
                      size_t count, edgernn_sequence *y, const edgernn_executor *executor) {
  const edgernn_layer *layer = s->stages[0].layer;
  int is_reverse = layer->kind == EDGERNN_RECURRENT && layer->directions == 1 && layer->direction[0].reverse;
  size_t at = is_reverse ? steps - first - count : first;
  int is_sequence = s->model->layers[s->end - 1].is_sequence;
  edgernn_sequence in = s->text, out = is_sequence ? edgernn_steps_from(y, first, count) : *y;
  if (!ids) {
    in = edgernn_steps_from(x, at, count);
  } else if (layer->kind != EDGERNN_RECURRENT) {
    in.steps = count;
    edgernn_embed(s->model, ids + at, 1, &in);
  }
  for (uint32_t i = 0; i < s->count; i++) {
    edgernn_stage *own = &s->stages[i];
    edgernn_sequence *to = i + 1 < s->count ? &own->y : &out;
    const int32_t *from = i || layer->kind != EDGERNN_RECURRENT || !ids ? NULL : ids + at;
    run_stage(s->model->kernels, own, from, i ? &s->stages[i - 1].y : &in, count, !first, to, executor);
    to->steps = count;
  }
}

/* Run the layers on all steps of ids, or of a sequence without ids. */
static void run_stream(const stream *s, const int32_t *ids, const edgernn_sequence *x, size_t steps,
                       edgernn_sequence *y, const edgernn_executor *executor) {
  for (size_t first = 0; first < steps; first += s->block) {
    size_t count = steps - first < s->block ? steps - first : s->block;
    run_block(s, ids, x, steps, first, count, y, executor);
  }
  edgernn_stage *last = &s->stages[s->count - 1];
  if (EDGERNN_HAS_RECURRENT && last->layer->kind == EDGERNN_RECURRENT) {
    last->walk.y = y;
    edgernn_finish_walk(&last->walk, steps);
  } else if (last->layer->kind != EDGERNN_DENSE) {
    edgernn_finish_pooling(last->layer, steps, y->float32);
  }
}

EDGERNN_INTERNAL size_t edgernn_stream_bytes(const edgernn_model *model, size_t count) {
  edgernn_arena a = {NULL, 0};
  edgernn_sequence unused;
  size_t most = 0, steps = count;
  for (uint32_t begin = 0; begin < model->layer_count;) {
    stream s = find_stream(model, begin);
    size_t behind = model->layers[s.end - 1].is_sequence ? steps : 1;
    edgernn_open_output(&a, model, s.end - 1, behind, &unused);
    edgernn_arena inside = a;
    open_stream(&inside, &s, steps, !begin);
    if (inside.used > EDGERNN_MOST_SCRATCH) return EDGERNN_MOST_SCRATCH;
    most = inside.used > most ? inside.used : most;
    steps = behind;
    begin = s.end;
  }
  size_t wide = a.used + (EDGERNN_HAS_WIDE ? edgernn_wide_bytes(&model->wide) : 0);
  return wide > most ? wide : most;
}

EDGERNN_INTERNAL float *edgernn_run_stream(edgernn_arena *a, const edgernn_model *model, const int32_t *ids,
                                           size_t count, const edgernn_executor *executor) {
  edgernn_sequence x, y;
  size_t steps = count;
  memset(&x, 0, sizeof x);
  for (uint32_t begin = 0; begin < model->layer_count;) {
    stream s = find_stream(model, begin);
    size_t behind = model->layers[s.end - 1].is_sequence ? steps : 1;
    edgernn_open_output(a, model, s.end - 1, behind, &y);
    edgernn_arena inside = *a;
    open_stream(&inside, &s, steps, !begin);
    run_stream(&s, begin ? NULL : ids, &x, steps, &y, executor);
    x = y;
    steps = behind;
    begin = s.end;
  }
  return x.float32;
}
