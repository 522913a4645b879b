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

#define LOAD_INT(p) _mm256_loadu_si256((const __m256i *)(const void *)(p))
#define SET_INT(x) _mm256_set1_epi32(x)
#define TO_FLOAT(n) _mm256_cvtepi32_ps(n)
#define DOT(sum, w, x) sum = add_products_avx2(sum, w, _mm256_abs_epi8(x), x); __asm__("" : "+x"(sum))
#define FIRST_SUMS(m, row) _mm256_setzero_si256()
#define SIXTEEN_SUMS 0
#define STEPS 4
#define EACH_STEP(DO) DO(a, a2, 0) DO(b, b2, 1) DO(c, c2, 2) DO(d, d2, 3)

#include "int8.inc"

static int supported_avx2(void) { return edgernn_has_avx2_and_fma(); }


#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

EDGERNN_TABLE edgernn_kernel_table edgernn_kernels_avx2 = {
    "avx2", 0, 64, supported_avx2, product_int8_avx2, EDGERNN_FLOAT_PRODUCT(product_float32_avx2),
    lstm_avx2, sigmoid_avx2,   tanh_avx2,         quantize_avx2, pool_avx2, NULL,
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
#undef DOT
#define DOT(sum, w, x) sum = _mm256_dpbusd_avx_epi32(sum, x, w); __asm__("" : "+x"(sum))
/* Inputs have EDGERNN_UNSIGNED added, which minus that many times the sum of a row's weights takes off. */
#undef FIRST_SUMS
#define FIRST_SUMS(m, row) LOAD_INT((m)->first_sums + (row))

#include "int8.inc"

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
    lstm_avx2,  sigmoid_avx2,        tanh_avx2,      quantize_vnni, pool_avx2, NULL,
};

#endif

#else
/* ISO C asks for something in a file. */
typedef int edgernn_not_x86;
#endif
