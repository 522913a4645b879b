/* Kernels in plain C, for any processor. */
#include "kernels.h"

#if !EDGERNN_SMALL_CORE && !EDGERNN_HELM

#include "vector4.h"

#define NAME(x) x##_portable

#include "gates.inc"
#include "kernels.inc"

static void product_int8_portable(const edgernn_matrix *m, const edgernn_steps *s) {
  for (size_t step = 0; step < s->count; step++) {
    const int8_t *x = s->int8 + (ptrdiff_t)step * s->stride;
    const float *base = s->base + (ptrdiff_t)step * s->base_stride;
    float *out = s->out + (ptrdiff_t)step * s->out_stride;
    float scale = s->scale[(ptrdiff_t)step * s->scale_stride];
    const int8_t *w = m->int8;
    for (size_t group = 0; group < m->groups; group++) {
      int32_t sums[EDGERNN_GROUP] = {0};
      for (size_t k = 0; k < m->depth; k += 4, w += 4 * EDGERNN_GROUP) {
        for (size_t j = 0; j < EDGERNN_GROUP; j++) {
          sums[j] += w[4 * j] * x[k] + w[4 * j + 1] * x[k + 1] + w[4 * j + 2] * x[k + 2] +
                     w[4 * j + 3] * x[k + 3];
        }
      }
      for (size_t j = 0; j < EDGERNN_GROUP; j++) {
        size_t row = group * EDGERNN_GROUP + j;
        float value = m->scales[row] * scale * (float)sums[j];
        EDGERNN_KEEP(value);
        out[row] = base[row] + value;
      }
    }
  }
}

static int supported_portable(void) { return 1; }

EDGERNN_TABLE edgernn_kernel_table edgernn_kernels_portable = {
    "portable", 0, 4, supported_portable, product_int8_portable, EDGERNN_FLOAT_PRODUCT(product_float32_portable),
    lstm_portable,    sigmoid_portable,   tanh_portable,         quantize_portable, pool_portable, NULL,
};

#else
/* ISO C asks for something in a file. */
typedef int edgernn_not_portable;
#endif
