/* Kernels for x86-64 with AVX2 and FMA, and for those that multiply bytes too (AVX-VNNI). The compiler
 * needs no option for them; the processor is asked before they are used. */
#include "kernels.h"
#include "processor.h"

#if EDGERNN_X86_64

#include <immintrin.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif

#define BLOCK 2
#define LANES 8
#define V __m256
#define VI __m256i
#define LOAD(p) _mm256_loadu_ps(p)
#define STORE(p, v) _mm256_storeu_ps(p, v)
#define SET(x) _mm256_set1_ps(x)
#define MIN(a, b) _mm256_min_ps(a, b)
#define MAX(a, b) _mm256_max_ps(a, b)
#define FMA(a, b, c) _mm256_fmadd_ps(a, b, c)
#define RECIPROCAL(x) _mm256_div_ps(_mm256_set1_ps(1.0f), x)
#define ROUND_TO_INT(v) _mm256_cvtps_epi32(v)
#define ADD_TO_EXPONENT(v, w) \
  _mm256_castsi256_ps(        \
      _mm256_add_epi32(_mm256_castps_si256(v), _mm256_slli_epi32(_mm256_castps_si256(w), 23)))
#define STORE_INT8(p, n) store_int8_avx2(p, n)
#define NAME(x) x##_avx2

static inline void store_int8_avx2(int8_t *p, __m256i n) {
  __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(n), _mm256_extracti128_si256(n, 1));
  _mm_storel_epi64((__m128i *)(void *)p, _mm_packs_epi16(words, words));
}

#include "gates.inc"
#include "kernels.inc"

/* |x| times w with the sign of x: 128 * 127 * 2 fits into 16 bits, so that nothing saturates. */
static inline __m256i add_products_avx2(__m256i sum, __m256i w, __m256i magnitude, __m256i x) {
  __m256i pairs = _mm256_maddubs_epi16(magnitude, _mm256_sign_epi8(w, x));
  return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

static inline __m256i four_inputs_avx2(const int8_t *x) {
  int32_t four;
  memcpy(&four, x, 4);
  return _mm256_set1_epi32(four);
}

static inline void finish_avx2(__m256i sum, const edgernn_matrix *m, size_t row, float scale,
                               const float *base, float *out) {
  __m256 factor = _mm256_mul_ps(_mm256_loadu_ps(m->scales + row), _mm256_set1_ps(scale));
  __m256 value = _mm256_mul_ps(factor, _mm256_cvtepi32_ps(sum));
  EDGERNN_KEEP(value);
  _mm256_storeu_ps(out + row, _mm256_add_ps(_mm256_loadu_ps(base + row), value));
}

static void product_int8_avx2(const edgernn_matrix *m, const edgernn_steps *s) {
  size_t group_size = (size_t)m->depth * EDGERNN_GROUP;
  for (size_t step = 0; step < s->count; step++) {
    const int8_t *x = s->int8 + (ptrdiff_t)step * s->stride;
    const float *base = s->base + (ptrdiff_t)step * s->base_stride;
    float *out = s->out + (ptrdiff_t)step * s->out_stride;
    float scale = s->scale[(ptrdiff_t)step * s->scale_stride];
    for (size_t group = 0; group < m->groups;) {
      const int8_t *w = m->int8 + group * group_size;
      size_t tile = m->groups - group >= 4 ? 4 : 1, row = group * EDGERNN_GROUP;
      __m256i sums[8];
      for (size_t i = 0; i < 8; i++) sums[i] = _mm256_setzero_si256();
      for (size_t k = 0; k < m->depth; k += 4, w += 4 * EDGERNN_GROUP) {
        __m256i inputs = four_inputs_avx2(x + k), magnitude = _mm256_abs_epi8(inputs);
        for (size_t i = 0; i < tile; i++) {
          const __m256i *at = (const __m256i *)(const void *)(w + i * group_size);
          sums[2 * i] = add_products_avx2(sums[2 * i], _mm256_loadu_si256(at), magnitude, inputs);
          sums[2 * i + 1] =
              add_products_avx2(sums[2 * i + 1], _mm256_loadu_si256(at + 1), magnitude, inputs);
        }
      }
      for (size_t i = 0; i < 2 * tile; i++) finish_avx2(sums[i], m, row + 8 * i, scale, base, out);
      group += tile;
    }
  }
}

static int supported_avx2(void) { return edgernn_has_avx2_and_fma(); }


#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

EDGERNN_TABLE edgernn_kernel_table edgernn_kernels_avx2 = {
    "avx2", 0, 64, supported_avx2, product_int8_avx2, EDGERNN_FLOAT_PRODUCT(product_float32_avx2),
    lstm_avx2, sigmoid_avx2,   tanh_avx2,         quantize_avx2,
};

/* ---- AVX-VNNI ------------------------------------------------------------------------------- */

#if EDGERNN_HAS_AVX_VNNI

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,avxvnni"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma,avxvnni")
#endif

#undef NAME
#define NAME(x) x##_vnni
#define LOAD_INT(p) _mm256_loadu_si256((const __m256i *)(const void *)(p))
#define SET_INT(x) _mm256_set1_epi32(x)
#define TO_FLOAT(n) _mm256_cvtepi32_ps(n)
#define DOT(sum, w, x) sum = _mm256_dpbusd_avx_epi32(sum, x, w); __asm__("" : "+x"(sum))
#define STEPS 4
#define EACH_STEP(DO) DO(a, a2, 0) DO(b, b2, 1) DO(c, c2, 2) DO(d, d2, 3)

#include "vnni.inc"

static void quantize_vnni(const float *values, int8_t *out, size_t count) {
  quantize_avx2(values, out, count);
  for (size_t i = 0; i < count; i++) out[i] = (int8_t)(out[i] ^ EDGERNN_UNSIGNED);
}

static int supported_vnni(void) { return edgernn_has_avx_vnni(); }

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

EDGERNN_TABLE edgernn_kernel_table edgernn_kernels_vnni = {
    "avx-vnni", EDGERNN_UNSIGNED, 64, supported_vnni, product_int8_vnni, EDGERNN_FLOAT_PRODUCT(product_float32_avx2),
    lstm_avx2,  sigmoid_avx2,        tanh_avx2,      quantize_vnni,
};

#endif

#else
/* ISO C asks for something in a file. */
typedef int edgernn_not_x86;
#endif
