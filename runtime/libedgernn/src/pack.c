/* Puts the weights of recurrent layers into the order in which the kernels read them. */
#include "layers.h"

/* The file's row of the packed row `packed`, or -1 for a row of padding. */
static int64_t row_of(const edgernn_direction *d, uint32_t packed) {
  uint32_t gates = edgernn_gates(d->cell), group = packed / EDGERNN_GROUP;
  uint32_t unit = group / gates * EDGERNN_GROUP + packed % EDGERNN_GROUP;
  return unit < d->units ? (int64_t)(group % gates) * d->units + unit : -1;
}

static void pack_int8(edgernn_matrix *m, const edgernn_direction *d, const edgernn_tensor *from,
                      int8_t *to) {
  const int8_t *values = (const int8_t *)from->values;
  for (uint32_t row = 0; row < m->groups * EDGERNN_GROUP; row++) {
    int64_t source = row_of(d, row);
    for (uint32_t k = 0; k < m->depth; k++) {
      int value = 0;
      if (source >= 0 && k < from->columns) value = values[source * from->columns + k];
      size_t block = (size_t)(row / EDGERNN_GROUP) * m->depth + (k & ~3u);
      to[block * EDGERNN_GROUP + row % EDGERNN_GROUP * 4 + k % 4] = (int8_t)value;
    }
  }
}

/* Whether any kernels of this build add something to int8 inputs. */
static int has_input_offset(void) {
  int has = 0;
  for (size_t i = 0; edgernn_kernel_tables[i]; i++) has |= edgernn_kernel_tables[i]->input_offset;
  return has != 0;
}

/* Write `factor` times the sum of each row's weights. */
static void sum_rows(const edgernn_matrix *m, int factor, int32_t *sums) {
  for (uint32_t row = 0; row < m->groups * EDGERNN_GROUP; row++) {
    int32_t sum = 0;
    for (uint32_t k = 0; k < m->depth; k++) {
      size_t block = (size_t)(row / EDGERNN_GROUP) * m->depth + (k & ~3u);
      sum += m->int8[block * EDGERNN_GROUP + row % EDGERNN_GROUP * 4 + k % 4];
    }
    sums[row] = sum * factor;
  }
}

static void pack_float32(edgernn_matrix *m, const edgernn_direction *d, const edgernn_tensor *from,
                         float *to) {
  for (uint32_t row = 0; row < m->groups * EDGERNN_GROUP; row++) {
    int64_t source = row_of(d, row);
    for (uint32_t k = 0; k < m->depth; k++) {
      size_t at = ((size_t)(row / EDGERNN_GROUP) * m->depth + k) * EDGERNN_GROUP;
      to[at + row % EDGERNN_GROUP] = source < 0 ? 0.0f : edgernn_value(from, (uint32_t)source, k);
    }
  }
}

static void pack(edgernn_arena *a, edgernn_matrix *m, const edgernn_direction *d,
                 const edgernn_tensor *from, int is_int8, const edgernn_kernel_table *kernels,
                 float scale) {
  m->groups = (uint32_t)edgernn_padded(d->units) / EDGERNN_GROUP * edgernn_gates(d->cell);
  m->depth = is_int8 ? (uint32_t)edgernn_up_to(from->columns, 4) : from->columns;
  size_t rows = (size_t)m->groups * EDGERNN_GROUP;
  float *scales = EDGERNN_TAKE(a, float, rows);
  m->scales = scales;
  if (is_int8) {
    int8_t *values = EDGERNN_TAKE(a, int8_t, rows * m->depth);
    int32_t *first_sums = has_input_offset() ? EDGERNN_TAKE(a, int32_t, rows) : NULL;
    m->int8 = values;
    m->first_sums = first_sums;
    if (a->memory) pack_int8(m, d, from, values);
    if (a->memory && first_sums) sum_rows(m, -kernels->input_offset, first_sums);
  } else {
    float *values = EDGERNN_TAKE(a, float, rows * m->depth);
    m->float32 = values;
    if (a->memory) pack_float32(m, d, from, values);
  }
  for (uint32_t row = 0; a->memory && row < rows; row++) {
    int64_t source = row_of(d, row);
    scales[row] = is_int8 && source >= 0 ? edgernn_scale(from, (uint32_t)source) * scale : 1.0f;
  }
}

static const float *pack_bias(edgernn_arena *a, const edgernn_direction *d, uint32_t index) {
  uint32_t rows = d->input_product.groups * EDGERNN_GROUP;
  float *bias = EDGERNN_TAKE(a, float, rows);
  for (uint32_t row = 0; a->memory && row < rows; row++) {
    int64_t source = row_of(d, row);
    int is_there = source >= 0 && index < d->bias.rows;
    bias[row] = is_there ? edgernn_value(&d->bias, index, (uint32_t)source) : 0.0f;
  }
  return bias;
}

void edgernn_pack(edgernn_arena *a, edgernn_layer *layer, const edgernn_kernel_table *kernels) {
  for (uint32_t i = 0; i < layer->directions; i++) {
    edgernn_direction *d = &layer->direction[i];
    int is_int8 = layer->is_int8 != 0;
    pack(a, &d->input_product, d, &d->kernel, is_int8, kernels, 1.0f);
    pack(a, &d->recurrent_product, d, &d->recurrent, is_int8, kernels, 1.0f / 127.0f);
    d->input_bias = pack_bias(a, d, 0);
    d->recurrent_bias = pack_bias(a, d, 1);
  }
}
