/* Tensors of a model.bin: the reader, which checks every number, and values as floats. */
#include "reader.h"

#define LARGEST 0x7fffffffu

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

EDGERNN_INTERNAL int edgernn_is_int8(const edgernn_tensor *tensor) {
  return tensor->type >= EDGERNN_INT8 && tensor->type != EDGERNN_UINT8;
}

EDGERNN_INTERNAL float edgernn_scale(const edgernn_tensor *tensor, uint32_t row) {
  return tensor->codes ? (float)tensor->codes[row] * tensor->unit : tensor->scales[row];
}

EDGERNN_INTERNAL float edgernn_value(const edgernn_tensor *tensor, uint32_t row, uint32_t column) {
  size_t at = (size_t)row * tensor->columns + column;
  if (edgernn_is_int8(tensor)) {
    return (float)((const int8_t *)tensor->values)[at] * edgernn_scale(tensor, row);
  }
  if (EDGERNN_HAS_FLOAT16 && tensor->type == EDGERNN_FLOAT16) return from_half(((const uint16_t *)tensor->values)[at]);
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

EDGERNN_INTERNAL float edgernn_dot(const edgernn_tensor *tensor, uint32_t row, const float *x) {
  float sums[8] = {0};
  size_t at = (size_t)row * tensor->columns;
  uint32_t k = 0;
  if (tensor->type == EDGERNN_FLOAT32) {
    DOT(float, (float));
  } else if (EDGERNN_HAS_FLOAT16 && tensor->type == EDGERNN_FLOAT16) {
    DOT(uint16_t, from_half);
  } else {
    DOT(int8_t, (float));
  }
  float sum = 0;
  for (uint32_t i = 0; i < 8; i++) sum += sums[i];
  return edgernn_is_int8(tensor) ? sum * edgernn_scale(tensor, row) : sum;
}

/* Return whether `count` values of `width` bytes at an offset lie within the file's sections. */
static int is_section(const edgernn_reader *r, uint64_t offset, uint64_t count, uint64_t width) {
  return offset % 64 == 0 && offset > r->tensor_table && offset <= r->size &&
         count <= (r->size - offset) / width;
}

/* Find the scales of an int8 tensor, which start at an offset, `rows` of them. */
static edgernn_status read_scales(const edgernn_reader *r, uint64_t offset, uint32_t rows,
                                  edgernn_tensor *tensor) {
  if (tensor->type == EDGERNN_INT8) {
    if (!is_section(r, offset, rows, 4)) return EDGERNN_ERROR_MALFORMED_MODEL;
    tensor->scales = (const float *)(const void *)(r->data + offset);
    return EDGERNN_OK;
  }
  /* The unit is in front of the codes, or alone. */
  uint64_t codes = tensor->type == EDGERNN_INT8_CODES ? rows : 0;
  if (!is_section(r, offset, codes + 4, 1)) return EDGERNN_ERROR_MALFORMED_MODEL;
  memcpy(&tensor->unit, r->data + offset, 4);
  if (codes) tensor->codes = r->data + offset + 4;
  return EDGERNN_OK;
}

/* Read the record of a tensor: everything but where its values and scales are. */
static edgernn_status read_record(const edgernn_reader *r, uint32_t index, uint32_t rank, uint32_t types,
                                  edgernn_tensor *tensor, const unsigned char **found) {
  const unsigned char *record;
  memset(tensor, 0, sizeof *tensor);
  if (index >= r->tensors) return EDGERNN_ERROR_MALFORMED_MODEL;
  record = r->data + r->tensor_table + (uint64_t)index * EDGERNN_TENSOR_BYTES;
  tensor->type = edgernn_field(record);
  if (tensor->type > EDGERNN_UINT8 || !(types >> tensor->type & 1)) return EDGERNN_ERROR_MALFORMED_MODEL;
  if (!EDGERNN_HAS_FLOAT16 && tensor->type == EDGERNN_FLOAT16) return EDGERNN_ERROR_NOT_IN_BUILD;
  if (edgernn_field(record + 4) != rank) return EDGERNN_ERROR_MALFORMED_MODEL;
  tensor->rows = rank == 1 ? 1 : edgernn_field(record + 8);
  tensor->columns = edgernn_field(record + (rank == 1 ? 8 : 12));
  if (tensor->rows == 0 || tensor->rows > LARGEST) return EDGERNN_ERROR_MALFORMED_MODEL;
  if (tensor->columns == 0 || tensor->columns > LARGEST) return EDGERNN_ERROR_MALFORMED_MODEL;
  *found = record;
  return EDGERNN_OK;
}

/* Find the values as they are stored, and the scales. */
static edgernn_status read_sections(const edgernn_reader *r, const unsigned char *record, uint64_t rows,
                                    uint64_t columns, edgernn_tensor *tensor) {
  static const uint32_t widths[] = {4, 2, 1, 1, 1, 1};
  uint64_t offset = edgernn_wide_field(record + 24);
  if (!is_section(r, offset, rows * columns, widths[tensor->type])) return EDGERNN_ERROR_MALFORMED_MODEL;
  tensor->values = r->data + offset;
  if (!edgernn_is_int8(tensor)) return EDGERNN_OK;
  return read_scales(r, edgernn_wide_field(record + 32), (uint32_t)rows, tensor);
}

EDGERNN_INTERNAL edgernn_status edgernn_read_typed(const edgernn_reader *r, uint32_t index, uint32_t rank,
                                                   uint32_t types, edgernn_tensor *tensor) {
  const unsigned char *record;
  edgernn_status status = read_record(r, index, rank, types, tensor, &record);
  if (status) return status;
  if (edgernn_is_int8(tensor) && rank == 1) return EDGERNN_ERROR_MALFORMED_MODEL;
  return read_sections(r, record, tensor->rows, tensor->columns, tensor);
}

EDGERNN_INTERNAL edgernn_status edgernn_read_tensor(const edgernn_reader *r, uint32_t index, uint32_t rank,
                                                    edgernn_tensor *tensor) {
  return edgernn_read_typed(r, index, rank, EDGERNN_WEIGHT_TYPES, tensor);
}

EDGERNN_INTERNAL edgernn_status edgernn_read_packed(const edgernn_reader *r, uint32_t index, uint32_t gates,
                                                    edgernn_tensor *tensor) {
  const uint32_t types = 1u << EDGERNN_FLOAT32 | 1u << EDGERNN_FLOAT16 | 1u << EDGERNN_INT8;
  const unsigned char *record;
  edgernn_status status = read_record(r, index, 2, types, tensor, &record);
  if (status) return status;
  if (tensor->rows % gates) return EDGERNN_ERROR_MALFORMED_MODEL;
  uint64_t rows = (uint64_t)gates * edgernn_padded(tensor->rows / gates), columns = tensor->columns;
  if (edgernn_is_int8(tensor)) columns = edgernn_up_to(columns, 4);
  return rows > LARGEST ? EDGERNN_ERROR_MALFORMED_MODEL : read_sections(r, record, rows, columns, tensor);
}
