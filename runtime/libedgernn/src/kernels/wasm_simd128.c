/* Kernels for WebAssembly with 128-bit vectors. */
#include "kernels.h"

#if EDGERNN_WASM_SIMD128

#include <wasm_simd128.h>

#include "vector4.h"

#define NAME(x) x##_simd128

#include "gates.inc"
#include "kernels.inc"

/* Four inputs twice, as 16-bit integers. */
static inline v128_t inputs_simd128(const int8_t *x) {
  return wasm_i16x8_extend_low_i8x16(wasm_v128_load32_splat(x));
}

/* Sums of two rows lie side by side in two vectors: a0 a1 b0 b1, c0 c1 d0 d1 become a, b, c, d. */
static inline v128_t add_pairs_simd128(v128_t first, v128_t second) {
  return wasm_i32x4_add(wasm_i32x4_shuffle(first, second, 0, 2, 4, 6),
                        wasm_i32x4_shuffle(first, second, 1, 3, 5, 7));
}

static inline void finish_simd128(v128_t sum, const edgernn_matrix *m, const edgernn_steps *s,
                                  size_t step, size_t row) {
  ptrdiff_t at = (ptrdiff_t)step;
  v128_t scale = wasm_f32x4_splat(s->scale[at * s->scale_stride]);
  v128_t factor = wasm_f32x4_mul(wasm_v128_load(m->scales + row), scale);
  v128_t value = wasm_f32x4_mul(factor, wasm_f32x4_convert_i32x4(sum));
  v128_t base = wasm_v128_load(s->base + at * s->base_stride + row);
  wasm_v128_store(s->out + at * s->out_stride + row, wasm_f32x4_add(base, value));
}

/* Four times `pairs` rows over `steps` steps, both known to the compiler: weights that are loaded and
 * widened serve all steps. */
INLINE void int8_tile_simd128(const edgernn_matrix *m, const edgernn_steps *s, size_t step, size_t row,
                              size_t pairs, size_t steps) {
  const int8_t *w = m->int8 + row / EDGERNN_GROUP * EDGERNN_GROUP * m->depth + row % EDGERNN_GROUP * 4;
  const int8_t *x = s->int8 + (ptrdiff_t)step * s->stride;
  v128_t sums[2][8];
  for (size_t t = 0; t < steps; t++) {
    for (size_t i = 0; i < 2 * pairs; i++) sums[t][i] = wasm_i32x4_splat(0);
  }
  for (size_t k = 0; k < m->depth; k += 4, w += 4 * EDGERNN_GROUP, x += 4) {
    v128_t inputs[2];
    for (size_t t = 0; t < steps; t++) inputs[t] = inputs_simd128(x + (ptrdiff_t)t * s->stride);
    for (size_t i = 0; i < 2 * pairs; i++) {
      v128_t weights = wasm_i16x8_load8x8(w + 8 * i);
      for (size_t t = 0; t < steps; t++) {
        sums[t][i] = wasm_i32x4_add(sums[t][i], wasm_i32x4_dot_i16x8(weights, inputs[t]));
      }
    }
  }
  for (size_t t = 0; t < steps; t++) {
    for (size_t i = 0; i < pairs; i++) {
      v128_t four = add_pairs_simd128(sums[t][2 * i], sums[t][2 * i + 1]);
      finish_simd128(four, m, s, step + t, row + 4 * i);
    }
  }
}

/* Two steps and half a group: more sums than these do not fit into the registers of x86-64. */
static void product_int8_simd128(const edgernn_matrix *m, const edgernn_steps *s) {
  size_t rows = (size_t)m->groups * EDGERNN_GROUP, step = 0;
  for (; step + 2 <= s->count; step += 2) {
    for (size_t row = 0; row < rows; row += 8) int8_tile_simd128(m, s, step, row, 2, 2);
  }
  if (step == s->count) return;
  for (size_t row = 0; row < rows; row += EDGERNN_GROUP) int8_tile_simd128(m, s, step, row, 4, 1);
}

static int supported_simd128(void) { return 1; }

EDGERNN_TABLE edgernn_kernel_table edgernn_kernels_simd128 = {
    "simd128",    0, 4, supported_simd128, product_int8_simd128, EDGERNN_FLOAT_PRODUCT(product_float32_simd128),
    lstm_simd128, sigmoid_simd128,         tanh_simd128,         quantize_simd128, pool_simd128, NULL,
};

#else
/* ISO C asks for something in a file. */
typedef int edgernn_no_simd128;
#endif
