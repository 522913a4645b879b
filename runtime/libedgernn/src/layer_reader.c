/* The records of layers in a model.bin: every number is checked before it is used. */
#include "reader.h"

/* The most rows of a wide path's weights: with more, ids might overflow a hash, or bytes their sum. */
#define MOST_ROWS 0xffffffu
/* The types of a wide path's weights; int8 has one scale, so that a sum is exact. */
#define TABLE_TYPES (1u << EDGERNN_FLOAT32 | 1u << EDGERNN_FLOAT16 | 1u << EDGERNN_INT8_TABLE)

static const unsigned char *record_of(const edgernn_reader *r, uint32_t index) {
  return r->data + EDGERNN_HEADER_BYTES + (size_t)index * EDGERNN_LAYER_BYTES;
}

static edgernn_status read_matrices(const edgernn_reader *r, uint32_t first, edgernn_direction *d) {
  uint32_t gates = edgernn_gates(d->cell);
  edgernn_status status;
  d->is_packed = !EDGERNN_HAS_VERSION_1 || r->version >= 2;
  if (d->is_packed) {
    status = edgernn_read_packed(r, first, gates, &d->kernel);
    if (!status) status = edgernn_read_packed(r, first + 1, gates, &d->recurrent);
    return status ? status : edgernn_read_typed(r, first + 2, 2, 1u << EDGERNN_FLOAT32, &d->bias);
  }
  status = edgernn_read_tensor(r, first, 2, &d->kernel);
  if (!status) status = edgernn_read_tensor(r, first + 1, 2, &d->recurrent);
  return status ? status : edgernn_read_tensor(r, first + 2, 2, &d->bias);
}

static edgernn_status read_direction(const edgernn_reader *r, const unsigned char *record,
                                     edgernn_direction *d) {
  uint32_t first = edgernn_field(record + 20), width, biases;
  edgernn_status status;
  d->cell = edgernn_field(record);
  d->activation = edgernn_field(record + 4);
  d->gate_activation = edgernn_field(record + 8);
  d->reset_after = edgernn_field(record + 12);
  d->reverse = edgernn_field(record + 16);
  if (d->cell > EDGERNN_RNN) return EDGERNN_ERROR_MALFORMED_MODEL;
  if (!EDGERNN_HAS_GRU && d->cell != EDGERNN_LSTM) return EDGERNN_ERROR_NOT_IN_BUILD;
  if ((status = edgernn_check_activation(d->activation))) return status;
  if ((status = edgernn_check_activation(d->gate_activation))) return status;
  if (d->reset_after > 1 || d->reverse > 1 || first > EDGERNN_MOST_TENSORS) return EDGERNN_ERROR_MALFORMED_MODEL;
  if ((status = read_matrices(r, first, d))) return status;
  if (d->kernel.columns > EDGERNN_MOST_INPUTS || d->recurrent.columns > EDGERNN_MOST_INPUTS) {
    return EDGERNN_ERROR_MALFORMED_MODEL;
  }
  d->units = d->recurrent.columns;
  uint32_t gates = edgernn_gates(d->cell);
  biases = d->cell == EDGERNN_GRU && (d->reset_after || d->is_packed) ? 2 : 1;
  width = d->recurrent.rows;
  if ((uint64_t)d->units * gates != width || d->kernel.rows != width || d->bias.rows != biases) {
    return EDGERNN_ERROR_MALFORMED_MODEL;
  }
  if (d->is_packed) width = gates * (uint32_t)edgernn_padded(d->units);
  return d->bias.columns == width ? EDGERNN_OK : EDGERNN_ERROR_MALFORMED_MODEL;
}

static edgernn_status read_recurrent(const edgernn_reader *r, const unsigned char *record,
                                     edgernn_layer *layer) {
  edgernn_status status;
  layer->directions = edgernn_field(record + 4);
  layer->merge = edgernn_field(record + 8);
  layer->return_sequences = edgernn_field(record + 12);
  if (layer->directions < 1 || layer->directions > 2 || layer->merge > EDGERNN_MUL ||
      layer->return_sequences > 1 || !layer->is_sequence) {
    return EDGERNN_ERROR_MALFORMED_MODEL;
  }
  layer->output_size = 0;
  for (uint32_t i = 0; i < layer->directions; i++) {
    edgernn_direction *d = &layer->direction[i];
    if ((status = read_direction(r, record + 16 + 24 * i, d))) return status;
    if (d->kernel.columns != layer->input_size) return EDGERNN_ERROR_MALFORMED_MODEL;
    layer->output_size += d->units;
  }
  if (layer->directions == 2 && layer->merge != EDGERNN_CONCAT) {
    if (layer->direction[0].units != layer->direction[1].units) return EDGERNN_ERROR_MALFORMED_MODEL;
    layer->output_size = layer->direction[0].units;
  }
  layer->is_sequence = layer->return_sequences;
  return EDGERNN_OK;
}

static edgernn_status read_dense(const edgernn_reader *r, const unsigned char *record,
                                 edgernn_layer *layer) {
  uint32_t first = edgernn_field(record + 8);
  edgernn_status status;
  layer->activation = edgernn_field(record + 4);
  if ((status = edgernn_check_activation(layer->activation))) return status;
  if (first > EDGERNN_MOST_TENSORS) return EDGERNN_ERROR_MALFORMED_MODEL;
  if ((status = edgernn_read_tensor(r, first, 2, &layer->weights))) return status;
  if ((status = edgernn_read_tensor(r, first + 1, 1, &layer->bias))) return status;
  layer->output_size = layer->weights.rows;
  if (layer->bias.columns != layer->output_size) return EDGERNN_ERROR_MALFORMED_MODEL;
  return layer->weights.columns == layer->input_size ? EDGERNN_OK : EDGERNN_ERROR_MALFORMED_MODEL;
}

static edgernn_status read_pooling(const edgernn_reader *r, const unsigned char *record,
                                   edgernn_layer *layer) {
  uint32_t is_joined = layer->kind == EDGERNN_POOLINGS;
  layer->reductions = is_joined ? edgernn_field(record + 4) : 1;
  layer->padded_length = edgernn_field(record + 8);
  if (layer->reductions < 1 + is_joined || layer->reductions > EDGERNN_MOST_REDUCTIONS) {
    return EDGERNN_ERROR_MALFORMED_MODEL;
  }
  for (uint32_t i = 0; i < layer->reductions; i++) {
    layer->reduction[i] = edgernn_field(record + (is_joined ? 16 + 4 * i : 4));
    if (layer->reduction[i] > EDGERNN_AVERAGE) return EDGERNN_ERROR_MALFORMED_MODEL;
  }
  if (!layer->is_sequence || (is_joined && layer->input_size > EDGERNN_MOST_INPUTS)) return EDGERNN_ERROR_MALFORMED_MODEL;
  if (layer->padded_length) {
    edgernn_status status = edgernn_read_tensor(r, edgernn_field(record + 12), 1, &layer->pad_row);
    if (status) return status;
    if (layer->pad_row.columns != layer->input_size) return EDGERNN_ERROR_MALFORMED_MODEL;
  }
  layer->output_size = layer->reductions * layer->input_size;
  layer->is_sequence = 0;
  return EDGERNN_OK;
}

/* The tensors are weights, checksums, bias and, if there is one, the projection. */
EDGERNN_INTERNAL edgernn_status edgernn_read_wide(const edgernn_reader *r, edgernn_wide *wide) {
  const unsigned char *record = record_of(r, r->layers - 1);
  memset(wide, 0, sizeof *wide);
  if (edgernn_field(record) != EDGERNN_WIDE) return EDGERNN_OK;
  uint32_t has_projection = edgernn_field(record + 12), first = edgernn_field(record + 16);
  edgernn_status status;
  wide->words = edgernn_field(record + 4);
  wide->patterns = edgernn_field(record + 8);
  if (wide->words < 1 || wide->patterns >> EDGERNN_PATTERNS || has_projection > 1 ||
      first > EDGERNN_MOST_TENSORS) {
    return EDGERNN_ERROR_MALFORMED_MODEL;
  }
  if ((status = edgernn_read_typed(r, first, 2, TABLE_TYPES, &wide->weights))) return status;
  if ((status = edgernn_read_typed(r, first + 1, 1, 1u << EDGERNN_UINT8, &wide->checksums))) {
    return status;
  }
  if ((status = edgernn_read_tensor(r, first + 2, 1, &wide->bias))) return status;
  if (wide->weights.rows > MOST_ROWS || wide->weights.columns > EDGERNN_MOST_INPUTS ||
      wide->words >= wide->weights.rows ||
      wide->checksums.columns != wide->weights.rows - wide->words) {
    return EDGERNN_ERROR_MALFORMED_MODEL;
  }
  wide->outputs = wide->bias.columns;
  if (!has_projection) return wide->weights.columns == wide->outputs ? EDGERNN_OK : EDGERNN_ERROR_MALFORMED_MODEL;
  if ((status = edgernn_read_tensor(r, first + 3, 2, &wide->projection))) return status;
  int fits = wide->projection.rows == wide->outputs && wide->projection.columns == wide->weights.columns;
  return fits ? EDGERNN_OK : EDGERNN_ERROR_MALFORMED_MODEL;
}

EDGERNN_INTERNAL edgernn_status edgernn_read_layer(const edgernn_reader *r, uint32_t index,
                                                   const edgernn_shapes *shapes, edgernn_layer *layer) {
  const unsigned char *record = record_of(r, index);
  layer->kind = edgernn_field(record);
  if (layer->kind == EDGERNN_RECURRENT) {
    return EDGERNN_HAS_RECURRENT ? read_recurrent(r, record, layer) : EDGERNN_ERROR_NOT_IN_BUILD;
  }
  if (layer->kind == EDGERNN_DENSE) return read_dense(r, record, layer);
  int is_pooling = layer->kind == EDGERNN_POOLING || layer->kind == EDGERNN_POOLINGS;
  if (is_pooling) return read_pooling(r, record, layer);
  if (EDGERNN_HAS_GRAPHS) return edgernn_read_node(r, record, shapes, layer);
  int is_node = layer->kind >= EDGERNN_SELECTION && layer->kind <= EDGERNN_PADDING;
  return is_node ? EDGERNN_ERROR_NOT_IN_BUILD : EDGERNN_ERROR_MALFORMED_MODEL;
}
