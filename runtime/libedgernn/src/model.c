/* The reader of model.bin: every number is checked before it is used, and nothing is copied but the
 * weights of recurrent layers, which pack.c packs for the kernels. */
#include "reader.h"

#include <string.h>

#define MOST_LAYERS 64
/* Of a recurrent layer: with more, a sum of integer products might not fit into 32 bits. Of joined
 * poolings and a wide path too, so that no size overflows. */
#define MOST_INPUTS 65536u
/* Of a wide path's weights: with more, ids might overflow a hash, or bytes their sum. */
#define MOST_ROWS 0xffffffu
/* The types of a wide path's weights; in int8 they have one scale, so that a sum is exact. */
#define TABLE_TYPES (1u << EDGERNN_FLOAT32 | 1u << EDGERNN_FLOAT16 | 1u << EDGERNN_INT8_TABLE)

static edgernn_status read_direction(const edgernn_reader *r, const unsigned char *record,
                                     edgernn_direction *d) {
  uint32_t first = edgernn_u32(record + 20), width, biases;
  edgernn_status status;
  d->cell = edgernn_u32(record);
  d->activation = edgernn_u32(record + 4);
  d->gate_activation = edgernn_u32(record + 8);
  d->reset_after = edgernn_u32(record + 12);
  d->reverse = edgernn_u32(record + 16);
  if (d->cell > EDGERNN_RNN || d->activation >= EDGERNN_ACTIVATIONS) return EDGERNN_MALFORMED;
  if (d->gate_activation >= EDGERNN_ACTIVATIONS) return EDGERNN_MALFORMED;
  if (d->reset_after > 1 || d->reverse > 1 || first > EDGERNN_MOST_TENSORS) return EDGERNN_MALFORMED;
  if ((status = edgernn_read_tensor(r, first, 2, &d->kernel))) return status;
  if ((status = edgernn_read_tensor(r, first + 1, 2, &d->recurrent))) return status;
  if ((status = edgernn_read_tensor(r, first + 2, 2, &d->bias))) return status;
  if (d->kernel.columns > MOST_INPUTS || d->recurrent.columns > MOST_INPUTS) {
    return EDGERNN_MALFORMED;
  }
  d->units = d->recurrent.columns;
  biases = d->cell == EDGERNN_GRU && d->reset_after ? 2 : 1;
  width = d->recurrent.rows;
  if ((uint64_t)d->units * edgernn_gates(d->cell) != width || d->kernel.rows != width ||
      d->bias.columns != width || d->bias.rows != biases) {
    return EDGERNN_MALFORMED;
  }
  return EDGERNN_OK;
}

static edgernn_status read_recurrent(const edgernn_reader *r, const unsigned char *record,
                                     edgernn_layer *layer) {
  edgernn_status status;
  layer->directions = edgernn_u32(record + 4);
  layer->merge = edgernn_u32(record + 8);
  layer->return_sequences = edgernn_u32(record + 12);
  if (layer->directions < 1 || layer->directions > 2 || layer->merge > EDGERNN_MUL ||
      layer->return_sequences > 1 || !layer->is_sequence) {
    return EDGERNN_MALFORMED;
  }
  layer->output_size = 0;
  for (uint32_t i = 0; i < layer->directions; i++) {
    edgernn_direction *d = &layer->direction[i];
    if ((status = read_direction(r, record + 16 + 24 * i, d))) return status;
    if (d->kernel.columns != layer->input_size) return EDGERNN_MALFORMED;
    layer->output_size += d->units;
  }
  if (layer->directions == 2 && layer->merge != EDGERNN_CONCAT) {
    if (layer->direction[0].units != layer->direction[1].units) return EDGERNN_MALFORMED;
    layer->output_size = layer->direction[0].units;
  }
  layer->is_sequence = layer->return_sequences;
  return EDGERNN_OK;
}

static edgernn_status read_dense(const edgernn_reader *r, const unsigned char *record,
                                 edgernn_layer *layer) {
  uint32_t first = edgernn_u32(record + 8);
  edgernn_status status;
  layer->activation = edgernn_u32(record + 4);
  if (layer->activation >= EDGERNN_ACTIVATIONS || first > EDGERNN_MOST_TENSORS) return EDGERNN_MALFORMED;
  if ((status = edgernn_read_tensor(r, first, 2, &layer->weights))) return status;
  if ((status = edgernn_read_tensor(r, first + 1, 1, &layer->bias))) return status;
  layer->output_size = layer->weights.rows;
  if (layer->bias.columns != layer->output_size) return EDGERNN_MALFORMED;
  return layer->weights.columns == layer->input_size ? EDGERNN_OK : EDGERNN_MALFORMED;
}

static edgernn_status read_pooling(const edgernn_reader *r, const unsigned char *record,
                                   edgernn_layer *layer) {
  uint32_t is_joined = layer->kind == EDGERNN_POOLINGS;
  layer->reductions = is_joined ? edgernn_u32(record + 4) : 1;
  layer->padded_length = edgernn_u32(record + 8);
  if (layer->reductions < 1 + is_joined || layer->reductions > EDGERNN_MOST_REDUCTIONS) {
    return EDGERNN_MALFORMED;
  }
  for (uint32_t i = 0; i < layer->reductions; i++) {
    layer->reduction[i] = edgernn_u32(record + (is_joined ? 16 + 4 * i : 4));
    if (layer->reduction[i] > EDGERNN_AVERAGE) return EDGERNN_MALFORMED;
  }
  if (!layer->is_sequence || (is_joined && layer->input_size > MOST_INPUTS)) return EDGERNN_MALFORMED;
  if (layer->padded_length) {
    edgernn_status status = edgernn_read_tensor(r, edgernn_u32(record + 12), 1, &layer->pad_row);
    if (status) return status;
    if (layer->pad_row.columns != layer->input_size) return EDGERNN_MALFORMED;
  }
  layer->output_size = layer->reductions * layer->input_size;
  layer->is_sequence = 0;
  return EDGERNN_OK;
}

/* The tensors are weights, checksums, bias and, where there is one, the projection. */
static edgernn_status read_wide(const edgernn_reader *r, const unsigned char *record,
                                edgernn_wide *wide) {
  uint32_t has_projection = edgernn_u32(record + 12), first = edgernn_u32(record + 16);
  edgernn_status status;
  wide->words = edgernn_u32(record + 4);
  wide->patterns = edgernn_u32(record + 8);
  if (wide->words < 1 || wide->patterns >> EDGERNN_PATTERNS || has_projection > 1 ||
      first > EDGERNN_MOST_TENSORS) {
    return EDGERNN_MALFORMED;
  }
  if ((status = edgernn_read_typed(r, first, 2, TABLE_TYPES, &wide->weights))) return status;
  if ((status = edgernn_read_typed(r, first + 1, 1, 1u << EDGERNN_UINT8, &wide->checksums))) {
    return status;
  }
  if ((status = edgernn_read_tensor(r, first + 2, 1, &wide->bias))) return status;
  if (wide->weights.rows > MOST_ROWS || wide->weights.columns > MOST_INPUTS ||
      wide->words >= wide->weights.rows ||
      wide->checksums.columns != wide->weights.rows - wide->words) {
    return EDGERNN_MALFORMED;
  }
  wide->outputs = wide->bias.columns;
  if (!has_projection) return wide->weights.columns == wide->outputs ? EDGERNN_OK : EDGERNN_MALFORMED;
  if ((status = edgernn_read_tensor(r, first + 3, 2, &wide->projection))) return status;
  int fits = wide->projection.rows == wide->outputs && wide->projection.columns == wide->weights.columns;
  return fits ? EDGERNN_OK : EDGERNN_MALFORMED;
}

/* A state within [-1, 1] by construction can be an int8 of the fixed scale 1/127. */
static int is_bounded(const edgernn_direction *d) {
  int gate = d->gate_activation == EDGERNN_SIGMOID || d->gate_activation == EDGERNN_HARD_SIGMOID;
  return d->activation == EDGERNN_TANH && (gate || d->cell == EDGERNN_RNN);
}

/* Return whether a recurrent layer's products are of integers: its weights and its states must be, as
 * what goes in is. */
static uint32_t has_integers(const edgernn_layer *layer) {
  for (uint32_t i = 0; i < layer->directions; i++) {
    const edgernn_direction *d = &layer->direction[i];
    if (!is_bounded(d) || !edgernn_is_int8(&d->kernel) || !edgernn_is_int8(&d->recurrent)) return 0;
  }
  return layer->kind == EDGERNN_RECURRENT;
}

static edgernn_status read_layer(const edgernn_reader *r, const unsigned char *record, edgernn_layer *layer) {
  layer->kind = edgernn_u32(record);
  if (layer->kind == EDGERNN_RECURRENT) return read_recurrent(r, record, layer);
  if (layer->kind == EDGERNN_DENSE) return read_dense(r, record, layer);
  int is_pooling = layer->kind == EDGERNN_POOLING || layer->kind == EDGERNN_POOLINGS;
  return is_pooling ? read_pooling(r, record, layer) : EDGERNN_MALFORMED;
}

/* ---- A model --------------------------------------------------------------------------------- */

static const unsigned char *record_of(const edgernn_reader *r, uint32_t index) {
  return r->data + EDGERNN_HEADER_BYTES + (size_t)index * EDGERNN_LAYER_BYTES;
}

/* Read and pack the layers, or with no `layers` see only that they are well and how much they take. */
static edgernn_status read_layers(const edgernn_reader *r, const edgernn_model *model, uint32_t is_integer,
                                  edgernn_layer *layers, edgernn_arena *a) {
  uint32_t size = model->embedding.columns, is_sequence = 1;
  uint32_t input_is_int8 = is_integer && edgernn_is_int8(&model->embedding);
  edgernn_layer one, *layer = &one;
  if (model->layer_count == 0) return EDGERNN_OK;
  for (uint32_t i = 0; i < model->layer_count; i++) {
    if (layers) layer = &layers[i];
    memset(layer, 0, sizeof *layer);
    layer->input_size = size;
    layer->is_sequence = is_sequence;
    edgernn_status status = read_layer(r, record_of(r, i), layer);
    if (status) return status;
    layer->is_int8 = input_is_int8 && has_integers(layer);
    edgernn_pack(a, layer, model->kernels);
    input_is_int8 = layer->is_int8 && (layer->directions == 1 || layer->merge == EDGERNN_CONCAT);
    size = layer->output_size;
    is_sequence = layer->is_sequence;
  }
  int is_head = layer->kind == EDGERNN_DENSE && layer->activation == EDGERNN_LINEAR && !is_sequence;
  int fits = !model->wide.words || model->wide.outputs == size;
  return is_head && fits ? EDGERNN_OK : EDGERNN_MALFORMED;
}

/* Read what stands at the ends of the layers: the embedding and the wide path, one of them or both. */
static edgernn_status read_ends(const edgernn_reader *r, edgernn_model *model) {
  const unsigned char *last = record_of(r, model->layer_count - 1);
  edgernn_status status;
  memset(&model->embedding, 0, sizeof model->embedding);
  memset(&model->wide, 0, sizeof model->wide);
  if (edgernn_u32(last) == EDGERNN_WIDE) {
    if ((status = read_wide(r, last, &model->wide))) return status;
    model->layer_count--;
  }
  if (model->layer_count == 0) return EDGERNN_OK;
  if ((status = edgernn_read_tensor(r, 0, 2, &model->embedding))) return status;
  int fits = !model->wide.words || model->wide.words == model->embedding.rows;
  return fits ? EDGERNN_OK : EDGERNN_MALFORMED;
}

/* Read what stands in front of the layers. */
static edgernn_status read_header(const void *data, size_t size, edgernn_reader *r, edgernn_model *model,
                                  uint32_t *is_integer) {
  const uint32_t one = 1;
  if (*(const unsigned char *)&one != 1) return EDGERNN_BIG_ENDIAN;
  if ((uintptr_t)data % 4) return EDGERNN_ALIGNMENT;
  r->data = (const unsigned char *)data;
  r->size = size;
  if (size < EDGERNN_HEADER_BYTES || memcmp(r->data, "EDGERNN", 8)) return EDGERNN_NOT_A_MODEL;
  if (edgernn_u32(r->data + 8) != 1) return EDGERNN_VERSION;
  model->kernels = NULL;
  model->head = edgernn_u32(r->data + 12);
  model->layer_count = edgernn_u32(r->data + 16);
  r->tensors = edgernn_u32(r->data + 20);
  *is_integer = edgernn_u32(r->data + 96);
  if (edgernn_u64(r->data + 24) != size || model->head > EDGERNN_MULTILABEL || *is_integer > 1) {
    return EDGERNN_MALFORMED;
  }
  if (model->layer_count < 1 || model->layer_count > MOST_LAYERS || r->tensors < 1 ||
      r->tensors > EDGERNN_MOST_TENSORS) {
    return EDGERNN_MALFORMED;
  }
  r->tensor_table = EDGERNN_HEADER_BYTES + (uint64_t)model->layer_count * EDGERNN_LAYER_BYTES;
  if (r->tensor_table + (uint64_t)r->tensors * EDGERNN_TENSOR_BYTES > size) return EDGERNN_MALFORMED;
  return read_ends(r, model);
}

/* Read the whole file once, and see how much memory it takes. */
static edgernn_status read_model(const void *data, size_t size, edgernn_reader *r, edgernn_model *header,
                                 uint32_t *is_integer, size_t *bytes) {
  edgernn_arena a = {NULL, 0};
  edgernn_status status = read_header(data, size, r, header, is_integer);
  if (status) return status;
  edgernn_take(&a, sizeof *header);
  edgernn_take(&a, header->layer_count * sizeof *header->layers);
  status = read_layers(r, header, *is_integer, NULL, &a);
  *bytes = a.used;
  return status;
}

edgernn_status edgernn_memory_size(const void *data, size_t size, size_t *bytes) {
  edgernn_reader r;
  edgernn_model header;
  uint32_t is_integer;
  return read_model(data, size, &r, &header, &is_integer, bytes);
}

static const edgernn_kernel_table *kernels_named(const char *name) {
  for (size_t i = 0; edgernn_kernel_tables[i]; i++) {
    const edgernn_kernel_table *table = edgernn_kernel_tables[i];
    if ((!name || !strcmp(name, table->name)) && table->supported()) return table;
  }
  return NULL;
}

edgernn_status edgernn_open(const void *data, size_t size, void *memory, size_t memory_bytes,
                            const char *kernels, const edgernn_model **model) {
  edgernn_reader r;
  edgernn_model header;
  size_t needed;
  uint32_t is_integer;
  edgernn_arena a = {(unsigned char *)memory, 0};
  edgernn_status status = read_model(data, size, &r, &header, &is_integer, &needed);
  if (status) return status;
  if (memory_bytes < needed) return EDGERNN_MEMORY;
  if ((uintptr_t)memory % EDGERNN_ALIGNMENT_BYTES) return EDGERNN_ALIGNMENT;
  header.kernels = kernels_named(kernels);
  if (!header.kernels) return EDGERNN_KERNELS;
  edgernn_model *opened = EDGERNN_TAKE(&a, edgernn_model, 1);
  *opened = header;
  opened->layers = EDGERNN_TAKE(&a, edgernn_layer, header.layer_count);
  *model = opened;
  return read_layers(&r, opened, is_integer, opened->layers, &a);
}

size_t edgernn_outputs(const edgernn_model *model) {
  if (model->layer_count == 0) return model->wide.outputs;
  return model->layers[model->layer_count - 1].output_size;
}

const char *edgernn_kernels_of(const edgernn_model *model) { return model->kernels->name; }

const char *edgernn_kernels(size_t i, int *supported) {
  for (size_t j = 0; j < i; j++) {
    if (!edgernn_kernel_tables[j]) return NULL;
  }
  if (!edgernn_kernel_tables[i]) return NULL;
  *supported = edgernn_kernel_tables[i]->supported();
  return edgernn_kernel_tables[i]->name;
}

const char *edgernn_message(edgernn_status status) {
  static const char *const messages[] = {
      "done",
      "this is no model.bin",
      "the model.bin is of a newer version",
      "a number in the model.bin is outside its bounds",
      "the memory is too small",
      "the data or the memory is not aligned",
      "there is no id, or one is outside the embedding",
      "no such kernels on this processor",
      "a big-endian processor cannot read a model.bin",
      "the vocabulary is malformed",
  };
  return messages[status];
}
