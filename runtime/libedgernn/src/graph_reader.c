/* The records of a graph in a model.bin: every number is checked before it is used. */
#include "reader.h"

#define SCALES (1u << EDGERNN_FLOAT32 | 1u << EDGERNN_FLOAT16)

/* Read the factors and the summands of a layer's columns. */
static edgernn_status read_step_columns(const edgernn_reader *r, uint32_t first, edgernn_layer *layer) {
  if (first > EDGERNN_MOST_TENSORS) return EDGERNN_ERROR_MALFORMED_MODEL;
  edgernn_status status = edgernn_read_typed(r, first, 1, SCALES, &layer->weights);
  if (!status) status = edgernn_read_typed(r, first + 1, 1, SCALES, &layer->bias);
  if (status) return status;
  int fits = layer->weights.columns == layer->input_size && layer->bias.columns == layer->input_size;
  return fits ? EDGERNN_OK : EDGERNN_ERROR_MALFORMED_MODEL;
}

/* Read a vector with a value for each of `columns`. */
static edgernn_status read_step_row(const edgernn_reader *r, uint32_t index, uint32_t columns,
                               edgernn_layer *layer) {
  edgernn_status status = edgernn_read_typed(r, index, 1, SCALES, &layer->weights);
  if (status) return status;
  return layer->weights.columns == columns ? EDGERNN_OK : EDGERNN_ERROR_MALFORMED_MODEL;
}

static int is_steps(uint32_t number) { return number >= 1 && number <= EDGERNN_MOST_TIME; }

static int is_size(uint32_t size, uint32_t is_sequence) {
  return size <= (is_sequence ? EDGERNN_MOST_INPUTS : EDGERNN_MOST_VECTOR);
}

/* Find a layer's sources in its record, and check that they are in front of it. */
static int find_sources(const unsigned char *record, uint32_t first, uint32_t count,
                        const edgernn_shapes *shapes, edgernn_layer *layer) {
  layer->node.sources = record + 4 * (size_t)first;
  layer->node.source_count = count;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t source = edgernn_source(layer, i);
    if (source >= shapes->count || !is_size(shapes->size[source], shapes->is_sequence[source])) return 0;
  }
  return 1;
}

static edgernn_status read_selection(const unsigned char *record, const edgernn_shapes *shapes,
                                     edgernn_layer *layer) {
  layer->node.first = edgernn_field(record + 8);
  layer->output_size = edgernn_field(record + 12);
  if (!find_sources(record, 1, 1, shapes, layer)) return EDGERNN_ERROR_MALFORMED_MODEL;
  uint32_t source = edgernn_source(layer, 0), size = shapes->size[source];
  layer->is_sequence = shapes->is_sequence[source];
  int fits = layer->output_size >= 1 && layer->output_size <= size && layer->node.first <= size - layer->output_size;
  return fits ? EDGERNN_OK : EDGERNN_ERROR_MALFORMED_MODEL;
}

static edgernn_status read_combination(const unsigned char *record, const edgernn_shapes *shapes,
                                       edgernn_layer *layer) {
  uint32_t count = edgernn_field(record + 8), sum = 0, largest = 0;
  layer->node.form = edgernn_field(record + 4);
  if (layer->node.form > EDGERNN_MIN_ALL || count < 2 || count > EDGERNN_MOST_SOURCES) {
    return EDGERNN_ERROR_MALFORMED_MODEL;
  }
  if (!find_sources(record, 3, count, shapes, layer)) return EDGERNN_ERROR_MALFORMED_MODEL;
  layer->is_sequence = shapes->is_sequence[edgernn_source(layer, 0)];
  for (uint32_t i = 0; i < count; i++) {
    uint32_t source = edgernn_source(layer, i), size = shapes->size[source];
    if (shapes->is_sequence[source] != layer->is_sequence) return EDGERNN_ERROR_MALFORMED_MODEL;
    sum += size;
    largest = size > largest ? size : largest;
  }
  layer->output_size = layer->node.form == EDGERNN_CONCAT_ALL ? sum : largest;
  for (uint32_t i = 0; layer->node.form != EDGERNN_CONCAT_ALL && i < count; i++) {
    uint32_t size = shapes->size[edgernn_source(layer, i)];
    if (size != largest && size != 1) return EDGERNN_ERROR_MALFORMED_MODEL;
  }
  return EDGERNN_OK;
}

static edgernn_status read_convolution(const edgernn_reader *r, const unsigned char *record,
                                       edgernn_layer *layer) {
  edgernn_node *n = &layer->node;
  edgernn_direction *d = layer->direction;
  uint32_t first = edgernn_field(record + 24);
  layer->activation = edgernn_field(record + 4);
  n->border = edgernn_field(record + 8);
  n->taps = edgernn_field(record + 12);
  n->stride = edgernn_field(record + 16);
  n->dilation = edgernn_field(record + 20);
  edgernn_status status = edgernn_check_activation(layer->activation);
  if (status) return status;
  if (n->border > EDGERNN_CAUSAL || r->version < 2 || !layer->is_sequence || first > EDGERNN_MOST_TENSORS) {
    return EDGERNN_ERROR_MALFORMED_MODEL;
  }
  if (!is_steps(n->taps) || !is_steps(n->stride) || !is_steps(n->dilation)) return EDGERNN_ERROR_MALFORMED_MODEL;
  uint64_t span = (uint64_t)(n->taps - 1) * n->dilation + 1;
  uint64_t inputs = (uint64_t)n->taps * layer->input_size;
  if (span > EDGERNN_MOST_TIME || inputs > EDGERNN_MOST_INPUTS) return EDGERNN_ERROR_MALFORMED_MODEL;
  n->span = (uint32_t)span;
  d->cell = EDGERNN_RNN;
  d->is_packed = 1;
  status = edgernn_read_packed(r, first, 1, &d->kernel);
  if (!status) status = edgernn_read_typed(r, first + 1, 2, 1u << EDGERNN_FLOAT32, &d->bias);
  if (status) return status;
  layer->output_size = d->units = d->kernel.rows;
  int fits = d->kernel.columns == inputs && d->bias.columns == edgernn_padded(d->units);
  return fits ? EDGERNN_OK : EDGERNN_ERROR_MALFORMED_MODEL;
}

static edgernn_status read_affine(const edgernn_reader *r, const unsigned char *record, edgernn_layer *layer) {
  uint32_t has_columns = edgernn_field(record + 8);
  layer->activation = edgernn_field(record + 4);
  edgernn_status status = edgernn_check_activation(layer->activation);
  if (status) return status;
  if (has_columns > 1) return EDGERNN_ERROR_MALFORMED_MODEL;
  return has_columns ? read_step_columns(r, edgernn_field(record + 12), layer) : EDGERNN_OK;
}

static edgernn_status read_windows(const unsigned char *record, edgernn_layer *layer) {
  edgernn_node *n = &layer->node;
  n->form = edgernn_field(record + 4);
  n->span = edgernn_field(record + 8);
  n->stride = edgernn_field(record + 12);
  n->border = edgernn_field(record + 16);
  if (n->form > EDGERNN_AVERAGE || n->border > EDGERNN_SAME || !layer->is_sequence) {
    return EDGERNN_ERROR_MALFORMED_MODEL;
  }
  if (!is_steps(n->span) || !is_steps(n->stride)) return EDGERNN_ERROR_MALFORMED_MODEL;
  uint32_t overlap = (n->span + n->stride - 1) / n->stride;
  return overlap <= EDGERNN_MOST_OVERLAP ? EDGERNN_OK : EDGERNN_ERROR_MALFORMED_MODEL;
}

static edgernn_status read_attention(const edgernn_reader *r, const unsigned char *record,
                                     const edgernn_shapes *shapes, edgernn_layer *layer) {
  edgernn_node *n = &layer->node;
  n->steps = edgernn_field(record + 16);
  n->heads = edgernn_field(record + 20);
  memcpy(&n->scale, record + 24, sizeof n->scale);
  n->form = edgernn_field(record + 28);
  n->is_causal = edgernn_field(record + 32);
  if (n->form > 1 || n->is_causal > 1 || n->heads < 1 || (n->form && n->heads != 1) || !is_steps(n->steps)) {
    return EDGERNN_ERROR_MALFORMED_MODEL;
  }
  if (!find_sources(record, 1, 3, shapes, layer)) return EDGERNN_ERROR_MALFORMED_MODEL;
  uint32_t size[3];
  for (uint32_t i = 0; i < 3; i++) {
    uint32_t source = edgernn_source(layer, i);
    size[i] = shapes->size[source];
    if (!shapes->is_sequence[source] || size[i] % n->heads) return EDGERNN_ERROR_MALFORMED_MODEL;
  }
  uint64_t products = (uint64_t)n->steps * n->steps;
  if (size[0] != size[1] || products > EDGERNN_MOST_PRODUCTS) return EDGERNN_ERROR_MALFORMED_MODEL;
  if (products * (size[0] + size[2]) > EDGERNN_MOST_PRODUCTS) return EDGERNN_ERROR_MALFORMED_MODEL;
  layer->input_size = size[0];
  layer->output_size = size[2];
  layer->is_sequence = 1;
  return n->form ? read_step_row(r, edgernn_field(record + 36), size[0], layer) : EDGERNN_OK;
}

static edgernn_status read_time(const unsigned char *record, edgernn_layer *layer) {
  layer->node.form = edgernn_field(record + 4);
  if (layer->node.form > EDGERNN_TIME_SUM) return EDGERNN_ERROR_MALFORMED_MODEL;
  if (layer->node.form != EDGERNN_COLUMN_SOFTMAX && !layer->is_sequence) return EDGERNN_ERROR_MALFORMED_MODEL;
  if (layer->node.form == EDGERNN_TIME_SUM) layer->is_sequence = 0;
  return EDGERNN_OK;
}

static edgernn_status read_reshape(const unsigned char *record, edgernn_layer *layer) {
  edgernn_node *n = &layer->node;
  n->form = edgernn_field(record + 4);
  n->steps = edgernn_field(record + 8);
  if (n->form > 1 || !is_steps(n->steps) || !layer->is_sequence) return EDGERNN_ERROR_MALFORMED_MODEL;
  uint64_t size = n->form ? n->steps : (uint64_t)n->steps * layer->input_size;
  layer->is_sequence = n->form;
  layer->output_size = size > EDGERNN_MOST_VECTOR ? EDGERNN_MOST_VECTOR + 1 : (uint32_t)size;
  return EDGERNN_OK;
}

static edgernn_status read_step_padding(const edgernn_reader *r, const unsigned char *record,
                                   edgernn_layer *layer) {
  edgernn_node *n = &layer->node;
  n->steps = edgernn_field(record + 4);
  n->form = edgernn_field(record + 8);
  n->first = edgernn_field(record + 16);
  if (n->form > 1 || n->first > 1 || !is_steps(n->steps) || !layer->is_sequence) {
    return EDGERNN_ERROR_MALFORMED_MODEL;
  }
  return n->form ? EDGERNN_OK : read_step_row(r, edgernn_field(record + 12), layer->input_size, layer);
}

static edgernn_status read_kind(const edgernn_reader *r, const unsigned char *record,
                                const edgernn_shapes *shapes, edgernn_layer *layer) {
  switch (layer->kind) {
    case EDGERNN_SELECTION: return read_selection(record, shapes, layer);
    case EDGERNN_COMBINATION: return read_combination(record, shapes, layer);
    case EDGERNN_CONVOLUTION: return read_convolution(r, record, layer);
    case EDGERNN_NORMALIZATION:
      memcpy(&layer->node.scale, record + 4, sizeof layer->node.scale);
      return read_step_columns(r, edgernn_field(record + 8), layer);
    case EDGERNN_AFFINE: return read_affine(r, record, layer);
    case EDGERNN_WINDOWS: return read_windows(record, layer);
    case EDGERNN_ATTENTION: return read_attention(r, record, shapes, layer);
    case EDGERNN_TIME: return read_time(record, layer);
    case EDGERNN_RESHAPE: return read_reshape(record, layer);
    case EDGERNN_PADDING: return read_step_padding(r, record, layer);
    default: return EDGERNN_ERROR_MALFORMED_MODEL;
  }
}

EDGERNN_INTERNAL edgernn_status edgernn_read_node(const edgernn_reader *r, const unsigned char *record,
                                                  const edgernn_shapes *shapes, edgernn_layer *layer) {
  if (!is_size(layer->input_size, layer->is_sequence)) return EDGERNN_ERROR_MALFORMED_MODEL;
  layer->output_size = layer->input_size;
  edgernn_status status = read_kind(r, record, shapes, layer);
  if (status) return status;
  return is_size(layer->output_size, layer->is_sequence) ? EDGERNN_OK : EDGERNN_ERROR_MALFORMED_MODEL;
}

EDGERNN_INTERNAL int edgernn_is_named(const edgernn_reader *r, uint32_t source) {
  for (uint32_t i = 0; i < r->layers; i++) {
    const unsigned char *record = r->data + EDGERNN_HEADER_BYTES + (size_t)i * EDGERNN_LAYER_BYTES;
    uint32_t kind = edgernn_field(record), first = kind == EDGERNN_COMBINATION ? 3 : 1, count = 0;
    if (kind == EDGERNN_SELECTION) count = 1;
    if (kind == EDGERNN_ATTENTION) count = 3;
    /* The count may not be checked yet. */
    if (kind == EDGERNN_COMBINATION) count = edgernn_field(record + 8);
    for (uint32_t k = 0; k < count && k < EDGERNN_MOST_SOURCES; k++) {
      if (edgernn_field(record + 4 * (size_t)(first + k)) == source) return 1;
    }
  }
  return 0;
}
