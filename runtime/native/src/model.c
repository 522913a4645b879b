/* The reader of model.bin: every number is checked before it is used, and nothing is copied but the
 * weights of recurrent layers, which pack.c packs for the kernels. */
#include "internal.h"

#include <string.h>

#define HEADER_BYTES 128
#define LAYER_BYTES 64
#define TENSOR_BYTES 40
#define MOST_LAYERS 64
#define MOST_TENSORS 1024
#define LARGEST 0x7fffffffu
/* Of a recurrent layer: with more, a sum of integer products might not fit into 32 bits. */
#define MOST_INPUTS 65536u

typedef struct reader {
  const unsigned char *data;
  uint64_t size;
  uint64_t tensor_table;
  uint32_t tensors;
} reader;

static uint32_t u32(const unsigned char *p) {
  return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint64_t u64(const unsigned char *p) { return u32(p) | (uint64_t)u32(p + 4) << 32; }

uint32_t edgernn_gates(uint32_t cell) {
  static const uint32_t gates[] = {4, 3, 1};
  return gates[cell];
}

/* IEEE 754 half precision. */
static float from_half(uint16_t half) {
  uint32_t sign = (uint32_t)(half & 0x8000u) << 16, exponent = (half >> 10) & 31u;
  uint32_t fraction = half & 0x3ffu, bits;
  float value;
  if (exponent == 0) {
    value = (float)fraction * 5.9604644775390625e-8f;
    return sign ? -value : value;
  }
  bits = sign | (exponent == 31 ? 255u : exponent + 112u) << 23 | fraction << 13;
  memcpy(&value, &bits, sizeof value);
  return value;
}

int edgernn_is_int8(const edgernn_tensor *tensor) { return tensor->type >= EDGERNN_INT8; }

float edgernn_scale(const edgernn_tensor *tensor, uint32_t row) {
  return tensor->codes ? (float)tensor->codes[row] * tensor->unit : tensor->scales[row];
}

float edgernn_value(const edgernn_tensor *tensor, uint32_t row, uint32_t column) {
  size_t at = (size_t)row * tensor->columns + column;
  if (edgernn_is_int8(tensor)) {
    return (float)((const int8_t *)tensor->values)[at] * edgernn_scale(tensor, row);
  }
  if (tensor->type == EDGERNN_FLOAT16) return from_half(((const uint16_t *)tensor->values)[at]);
  return ((const float *)tensor->values)[at];
}

/* Eight sums side by side, which a compiler can keep in one vector. */
#define DOT(type, convert)                                         \
  do {                                                             \
    const type *w = (const type *)tensor->values + at;             \
    for (; k + 8 <= tensor->columns; k += 8) {                     \
      for (uint32_t i = 0; i < 8; i++) sums[i] += convert(w[k + i]) * x[k + i]; \
    }                                                              \
    for (; k < tensor->columns; k++) sums[0] += convert(w[k]) * x[k]; \
  } while (0)

float edgernn_dot(const edgernn_tensor *tensor, uint32_t row, const float *x) {
  float sums[8] = {0};
  size_t at = (size_t)row * tensor->columns;
  uint32_t k = 0;
  if (tensor->type == EDGERNN_FLOAT32) {
    DOT(float, (float));
  } else if (tensor->type == EDGERNN_FLOAT16) {
    DOT(uint16_t, from_half);
  } else {
    DOT(int8_t, (float));
  }
  float sum = 0;
  for (uint32_t i = 0; i < 8; i++) sum += sums[i];
  return edgernn_is_int8(tensor) ? sum * edgernn_scale(tensor, row) : sum;
}

/* Return whether `count` values of `width` bytes at an offset lie within the file's sections. */
static int is_section(const reader *r, uint64_t offset, uint64_t count, uint64_t width) {
  return offset % 64 == 0 && offset > r->tensor_table && offset <= r->size &&
         count <= (r->size - offset) / width;
}

static edgernn_status read_tensor(const reader *r, uint32_t index, uint32_t rank,
                                  edgernn_tensor *tensor) {
  static const uint32_t widths[] = {4, 2, 1, 1};
  const unsigned char *record;
  uint64_t offset, scales;
  if (index >= r->tensors) return EDGERNN_MALFORMED;
  record = r->data + r->tensor_table + (uint64_t)index * TENSOR_BYTES;
  tensor->type = u32(record);
  tensor->rank = u32(record + 4);
  if (tensor->type > EDGERNN_INT8_CODES || tensor->rank != rank) return EDGERNN_MALFORMED;
  tensor->rows = rank == 1 ? 1 : u32(record + 8);
  tensor->columns = u32(record + (rank == 1 ? 8 : 12));
  if (tensor->rows == 0 || tensor->rows > LARGEST) return EDGERNN_MALFORMED;
  if (tensor->columns == 0 || tensor->columns > LARGEST) return EDGERNN_MALFORMED;
  offset = u64(record + 24);
  scales = u64(record + 32);
  if (!is_section(r, offset, (uint64_t)tensor->rows * tensor->columns, widths[tensor->type])) {
    return EDGERNN_MALFORMED;
  }
  tensor->values = r->data + offset;
  tensor->scales = NULL;
  tensor->codes = NULL;
  if (!edgernn_is_int8(tensor)) return EDGERNN_OK;
  if (rank == 1) return EDGERNN_MALFORMED;
  if (tensor->type == EDGERNN_INT8) {
    if (!is_section(r, scales, tensor->rows, 4)) return EDGERNN_MALFORMED;
    tensor->scales = (const float *)(const void *)(r->data + scales);
    return EDGERNN_OK;
  }
  /* The unit stands in front of the codes. */
  if (!is_section(r, scales, (uint64_t)tensor->rows + 4, 1)) return EDGERNN_MALFORMED;
  memcpy(&tensor->unit, r->data + scales, 4);
  tensor->codes = r->data + scales + 4;
  return EDGERNN_OK;
}

static edgernn_status read_direction(const reader *r, const unsigned char *record,
                                     edgernn_direction *d) {
  uint32_t first = u32(record + 20), width, biases;
  edgernn_status status;
  d->cell = u32(record);
  d->activation = u32(record + 4);
  d->gate_activation = u32(record + 8);
  d->reset_after = u32(record + 12);
  d->reverse = u32(record + 16);
  if (d->cell > EDGERNN_RNN || d->activation >= EDGERNN_ACTIVATIONS) return EDGERNN_MALFORMED;
  if (d->gate_activation >= EDGERNN_ACTIVATIONS) return EDGERNN_MALFORMED;
  if (d->reset_after > 1 || d->reverse > 1 || first > MOST_TENSORS) return EDGERNN_MALFORMED;
  if ((status = read_tensor(r, first, 2, &d->kernel))) return status;
  if ((status = read_tensor(r, first + 1, 2, &d->recurrent))) return status;
  if ((status = read_tensor(r, first + 2, 2, &d->bias))) return status;
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

static edgernn_status read_recurrent(const reader *r, const unsigned char *record,
                                     edgernn_layer *layer) {
  edgernn_status status;
  layer->directions = u32(record + 4);
  layer->merge = u32(record + 8);
  layer->return_sequences = u32(record + 12);
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

static edgernn_status read_dense(const reader *r, const unsigned char *record,
                                 edgernn_layer *layer) {
  uint32_t first = u32(record + 8);
  edgernn_status status;
  layer->activation = u32(record + 4);
  if (layer->activation >= EDGERNN_ACTIVATIONS || first > MOST_TENSORS) return EDGERNN_MALFORMED;
  if ((status = read_tensor(r, first, 2, &layer->weights))) return status;
  if ((status = read_tensor(r, first + 1, 1, &layer->bias))) return status;
  layer->output_size = layer->weights.rows;
  if (layer->bias.columns != layer->output_size) return EDGERNN_MALFORMED;
  return layer->weights.columns == layer->input_size ? EDGERNN_OK : EDGERNN_MALFORMED;
}

static edgernn_status read_pooling(const reader *r, const unsigned char *record,
                                   edgernn_layer *layer) {
  layer->reduction = u32(record + 4);
  layer->padded_length = u32(record + 8);
  if (layer->reduction > EDGERNN_AVERAGE || !layer->is_sequence) return EDGERNN_MALFORMED;
  if (layer->padded_length) {
    edgernn_status status = read_tensor(r, u32(record + 12), 1, &layer->pad_row);
    if (status) return status;
    if (layer->pad_row.columns != layer->input_size) return EDGERNN_MALFORMED;
  }
  layer->output_size = layer->input_size;
  layer->is_sequence = 0;
  return EDGERNN_OK;
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

static edgernn_status read_layer(const reader *r, const unsigned char *record, edgernn_layer *layer) {
  layer->kind = u32(record);
  if (layer->kind == EDGERNN_RECURRENT) return read_recurrent(r, record, layer);
  if (layer->kind == EDGERNN_DENSE) return read_dense(r, record, layer);
  return layer->kind == EDGERNN_POOLING ? read_pooling(r, record, layer) : EDGERNN_MALFORMED;
}

/* ---- A model --------------------------------------------------------------------------------- */

/* Read and pack the layers, or with no `layers` see only that they are well and how much they take. */
static edgernn_status read_layers(const reader *r, const edgernn_model *model, uint32_t is_integer,
                                  edgernn_layer *layers, edgernn_arena *a) {
  uint32_t size = model->embedding.columns, is_sequence = 1;
  uint32_t input_is_int8 = is_integer && edgernn_is_int8(&model->embedding);
  edgernn_layer one, *layer = &one;
  for (uint32_t i = 0; i < model->layer_count; i++) {
    if (layers) layer = &layers[i];
    memset(layer, 0, sizeof *layer);
    layer->input_size = size;
    layer->is_sequence = is_sequence;
    edgernn_status status = read_layer(r, r->data + HEADER_BYTES + (size_t)i * LAYER_BYTES, layer);
    if (status) return status;
    layer->is_int8 = input_is_int8 && has_integers(layer);
    edgernn_pack(a, layer, model->kernels);
    input_is_int8 = layer->is_int8 && (layer->directions == 1 || layer->merge == EDGERNN_CONCAT);
    size = layer->output_size;
    is_sequence = layer->is_sequence;
  }
  int is_head = layer->kind == EDGERNN_DENSE && layer->activation == EDGERNN_LINEAR;
  return is_head && !is_sequence ? EDGERNN_OK : EDGERNN_MALFORMED;
}

/* Read what stands in front of the layers. */
static edgernn_status read_header(const void *data, size_t size, reader *r, edgernn_model *model,
                                  uint32_t *is_integer) {
  const uint32_t one = 1;
  if (*(const unsigned char *)&one != 1) return EDGERNN_BIG_ENDIAN;
  if ((uintptr_t)data % 4) return EDGERNN_ALIGNMENT;
  r->data = (const unsigned char *)data;
  r->size = size;
  if (size < HEADER_BYTES || memcmp(r->data, "EDGERNN", 8)) return EDGERNN_NOT_A_MODEL;
  if (u32(r->data + 8) != 1) return EDGERNN_VERSION;
  model->kernels = NULL;
  model->head = u32(r->data + 12);
  model->layer_count = u32(r->data + 16);
  r->tensors = u32(r->data + 20);
  *is_integer = u32(r->data + 96);
  if (u64(r->data + 24) != size || model->head > EDGERNN_MULTILABEL || *is_integer > 1) {
    return EDGERNN_MALFORMED;
  }
  if (model->layer_count < 1 || model->layer_count > MOST_LAYERS || r->tensors < 1 ||
      r->tensors > MOST_TENSORS) {
    return EDGERNN_MALFORMED;
  }
  r->tensor_table = HEADER_BYTES + (uint64_t)model->layer_count * LAYER_BYTES;
  if (r->tensor_table + (uint64_t)r->tensors * TENSOR_BYTES > size) return EDGERNN_MALFORMED;
  return read_tensor(r, 0, 2, &model->embedding);
}

/* Read the whole file once, and see how much memory it takes. */
static edgernn_status read_model(const void *data, size_t size, reader *r, edgernn_model *header,
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
  reader r;
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
  reader r;
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
