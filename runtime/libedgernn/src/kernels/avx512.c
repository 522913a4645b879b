/* Kernels for x86-64 with AVX-512 and VNNI. The compiler needs no option for them; the processor is asked
 * before they are used. */
#include "kernels.h"
#include "processor.h"

#if EDGERNN_X86_64

#include <immintrin.h>
#include <string.h>

#if defined(__cplusplus) && !defined(__clang__)
/* GCC's own intrinsics, compiled as C++, warn of what they leave undefined on purpose (its bug 105593). */
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#define INLINE static inline __attribute__((always_inline))

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni"))), \
                             apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512vnni")
#endif

#define BLOCK 4
#define LANES 16
#define V __m512
#define VI __m512i
#define LOAD(p) _mm512_loadu_ps(p)
#define STORE(p, v) _mm512_storeu_ps(p, v)
#define SET(x) _mm512_set1_ps(x)
#define MIN(a, b) _mm512_min_ps(a, b)
#define MAX(a, b) _mm512_max_ps(a, b)
#define FMA(a, b, c) _mm512_fmadd_ps(a, b, c)
#define RECIPROCAL(x) reciprocal_avx512(x)
#define ROUND_TO_INT(v) _mm512_cvtps_epi32(v)
#define ADD_TO_EXPONENT(v, w) \
  _mm512_castsi512_ps(        \
      _mm512_add_epi32(_mm512_castps_si512(v), _mm512_slli_epi32(_mm512_castps_si512(w), 23)))
#define STORE_INT8(p, n) store_int8_avx512(p, n)
#define NAME(x) x##_avx512

/* An estimate of 14 bits and one step of Newton's method: a relative error below 2^-23, at a quarter of a
 * division's time. */
static inline __m512 reciprocal_avx512(__m512 x) {
  __m512 r = _mm512_rcp14_ps(x);
  return _mm512_mul_ps(r, _mm512_fnmadd_ps(x, r, _mm512_set1_ps(2.0f)));
}

static inline void store_int8_avx512(int8_t *p, __m512i n) {
  __m128i bytes = _mm512_cvtsepi32_epi8(n), offset = _mm_set1_epi8((char)EDGERNN_UNSIGNED);
  _mm_storeu_si128((__m128i *)(void *)p, _mm_xor_si128(bytes, offset));
}

#include "gates.inc"
#include "kernels.inc"

#define LOAD_INT(p) _mm512_loadu_si512(p)
#define SET_INT(x) _mm512_set1_epi32(x)
#define TO_FLOAT(n) _mm512_cvtepi32_ps(n)
#define DOT(sum, w, x) sum = _mm512_dpbusd_epi32(sum, x, w); __asm__("" : "+v"(sum))
/* Inputs have EDGERNN_UNSIGNED added, which minus that many times the sum of a row's weights takes off. */
#define FIRST_SUMS(m, row) LOAD_INT((m)->first_sums + (row))
#if defined(__OPTIMIZE_SIZE__)
#define SIXTEEN_SUMS 0
#else
#define SIXTEEN_SUMS 1
#endif
#define STEPS 8
#define EACH_STEP(DO) \
  DO(a, a2, 0) DO(b, b2, 1) DO(c, c2, 2) DO(d, d2, 3) \
  DO(e, e2, 4) DO(f, f2, 5) DO(g, g2, 6) DO(h, h2, 7)

#include "int8.inc"

static int supported_avx512(void) { return edgernn_has_avx512_vnni(); }

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

EDGERNN_TABLE edgernn_kernel_table edgernn_kernels_avx512 = {
    "avx512-vnni", EDGERNN_UNSIGNED, 64, supported_avx512, product_int8_avx512, EDGERNN_FLOAT_PRODUCT(product_float32_avx512),
    lstm_avx512,   sigmoid_avx512, tanh_avx512,    quantize_avx512, pool_avx512, NULL,
};

#if EDGERNN_HAS_AMX
#include "amx.inc"
#endif

#else
/* ISO C asks for something in a file. */
typedef int edgernn_not_avx512;
#endif
