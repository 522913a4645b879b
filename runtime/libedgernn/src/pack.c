/* The matrices of recurrent layers as the kernels read them: in place if the file has that order and its
 * place suits the kernels, else in the arena. */
#include "layers.h"

/* Whether the file has the order of the kernels. */
static int is_packed(const edgernn_direction *d) { return !EDGERNN_HAS_VERSION_1 || d->is_packed; }

/* The file's row of the packed row `packed`, or -1 for a row of padding. */
static int64_t source_row(const edgernn_direction *d, uint32_t packed) {
  uint32_t gates = edgernn_gates(d->cell), group = packed / EDGERNN_GROUP;
  uint32_t unit = group / gates * EDGERNN_GROUP + packed % EDGERNN_GROUP;
  return unit < d->units ? (int64_t)(group % gates) * d->units + unit : -1;
}

/* Where the value of a packed row and a column is in a matrix of int8. */
static size_t int8_place(const edgernn_matrix *m, uint32_t row, uint32_t k) {
  size_t block = (size_t)(row / EDGERNN_GROUP) * m->depth + (k & ~3u);
  return block * EDGERNN_GROUP + row % EDGERNN_GROUP * 4 + k % 4;
}

static size_t float_place(const edgernn_matrix *m, uint32_t row, uint32_t k) {
  return ((size_t)(row / EDGERNN_GROUP) * m->depth + k) * EDGERNN_GROUP + row % EDGERNN_GROUP;
}

/* Return the value of a packed tensor as a float. `m` has the shape in which it is stored. */
static float packed_value(const edgernn_matrix *m, const edgernn_tensor *from, uint32_t row, uint32_t k) {
  if (!edgernn_is_int8(from)) {
    edgernn_tensor groups = *from;
    size_t place = float_place(m, row, k);
    groups.columns = EDGERNN_GROUP;
    return edgernn_value(&groups, (uint32_t)(place / EDGERNN_GROUP), place % EDGERNN_GROUP);
  }
  edgernn_matrix stored = *m;
  stored.depth = (uint32_t)edgernn_up_to(m->depth, 4);
  return (float)((const int8_t *)from->values)[int8_place(&stored, row, k)] * from->scales[row];
}

/* Whether a part of the file can be used where it is. */
static int is_in_place(const edgernn_direction *d, const void *values, const edgernn_kernel_table *kernels) {
  return d->is_packed && edgernn_is_aligned(values, kernels->alignment);
}

/* Write `factor` times the sum of each row's weights. */
static void sum_rows(const edgernn_matrix *m, int factor, int32_t *sums) {
  for (uint32_t row = 0; row < m->groups * EDGERNN_GROUP; row++) {
    int32_t sum = 0;
    for (uint32_t k = 0; k < m->depth; k++) sum += m->int8[int8_place(m, row, k)];
    sums[row] = sum * factor;
  }
}

static void write_int8(const edgernn_matrix *m, const edgernn_direction *d, const edgernn_tensor *from,
                       int8_t *to, float *scales) {
  const int8_t *values = (const int8_t *)from->values;
  for (uint32_t row = 0; row < m->groups * EDGERNN_GROUP; row++) {
    int64_t source = source_row(d, row);
    for (uint32_t k = 0; k < m->depth; k++) {
      int is_there = source >= 0 && k < from->columns;
      to[int8_place(m, row, k)] = is_there ? values[source * from->columns + k] : 0;
    }
    scales[row] = source >= 0 ? edgernn_scale(from, (uint32_t)source) : 1.0f;
  }
}

static void open_int8(edgernn_arena *a, edgernn_matrix *m, const edgernn_direction *d,
                      const edgernn_tensor *from, const edgernn_kernel_table *kernels) {
  size_t rows = (size_t)m->groups * EDGERNN_GROUP, bytes;
  m->depth = (uint32_t)edgernn_up_to(from->columns, 4);
  bytes = rows * m->depth;
  m->int8 = (const int8_t *)from->values;
  m->scales = from->scales;
  if (!is_in_place(d, from->values, kernels)) {
    int8_t *values = EDGERNN_TAKE(a, int8_t, bytes);
    m->int8 = values;
    if (a->memory && d->is_packed) memcpy(values, from->values, bytes);
    if (EDGERNN_HAS_VERSION_1 && !d->is_packed) {
      float *scales = EDGERNN_TAKE(a, float, rows);
      m->scales = scales;
      if (a->memory) write_int8(m, d, from, values, scales);
    }
  }
  if (kernels->input_offset) {
    int32_t *sums = EDGERNN_TAKE(a, int32_t, rows);
    m->first_sums = sums;
    if (a->memory) sum_rows(m, -kernels->input_offset, sums);
  }
}

static void open_float32(edgernn_arena *a, edgernn_matrix *m, const edgernn_direction *d,
                         const edgernn_tensor *from, const edgernn_kernel_table *kernels) {
  uint32_t rows = m->groups * EDGERNN_GROUP;
  m->depth = from->columns;
  m->float32 = (const float *)from->values;
  if (from->type == EDGERNN_FLOAT32 && is_in_place(d, from->values, kernels)) return;
  float *values = EDGERNN_TAKE(a, float, (size_t)rows * m->depth);
  m->float32 = values;
  for (uint32_t row = 0; a->memory && row < rows; row++) {
    int64_t source = is_packed(d) ? row : source_row(d, row);
    for (uint32_t k = 0; k < m->depth; k++) {
      float value = 0;
      if (is_packed(d)) {
        value = packed_value(m, from, row, k);
      } else if (source >= 0) {
        value = edgernn_value(from, (uint32_t)source, k);
      }
      values[float_place(m, row, k)] = value;
    }
  }
}

static void open_matrix(edgernn_arena *a, edgernn_matrix *m, const edgernn_direction *d,
                        const edgernn_tensor *from, uint32_t is_int8, const edgernn_kernel_table *kernels) {
  m->groups = (uint32_t)edgernn_padded(d->units) / EDGERNN_GROUP * edgernn_gates(d->cell);
  if (is_int8 || !EDGERNN_HAS_FLOAT) {
    open_int8(a, m, d, from, kernels);
  } else {
    open_float32(a, m, d, from, kernels);
  }
}

/* Return a row of biases in packed order; without such a row, zeros. */
static const float *open_bias(edgernn_arena *a, const edgernn_direction *d, uint32_t index) {
  uint32_t rows = d->input_product.groups * EDGERNN_GROUP;
  if (is_packed(d)) {
    return index < d->bias.rows ? (const float *)d->bias.values + (size_t)index * rows : NULL;
  }
  float *bias = EDGERNN_TAKE(a, float, rows);
  for (uint32_t row = 0; a->memory && row < rows; row++) {
    int64_t source = source_row(d, row);
    int is_there = source >= 0 && index < d->bias.rows;
    bias[row] = is_there ? edgernn_value(&d->bias, index, (uint32_t)source) : 0.0f;
  }
  return bias;
}

EDGERNN_INTERNAL void edgernn_pack(edgernn_arena *a, edgernn_layer *layer,
                                   const edgernn_kernel_table *kernels) {
  if (EDGERNN_HAS_GRAPHS && layer->kind == EDGERNN_CONVOLUTION) {
    edgernn_direction *d = layer->direction;
    open_matrix(a, &d->input_product, d, &d->kernel, 0, kernels);
    d->input_bias = open_bias(a, d, 0);
  }
  for (uint32_t i = 0; i < layer->directions; i++) {
    edgernn_direction *d = &layer->direction[i];
    open_matrix(a, &d->input_product, d, &d->kernel, layer->is_int8, kernels);
    open_matrix(a, &d->recurrent_product, d, &d->recurrent, layer->is_int8, kernels);
    d->input_bias = open_bias(a, d, 0);
    d->recurrent_bias = open_bias(a, d, 1);
  }
}
