/* Kernels for x86-64: AVX2 with FMA, and AVX-512 with VNNI. The compiler needs no option for them; the
 * processor is asked before they are used. */
#include "kernels.h"

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))

#include <immintrin.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

/* ---- AVX2 with FMA ------------------------------------------------------------------------- */

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

#include "kernels.inc"

/* |x| times w with the sign of x: 127 * 127 * 2 fits into 16 bits, so that nothing saturates. */
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

static int supported_avx2(void) {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

#undef LANES
#undef V
#undef VI
#undef LOAD
#undef STORE
#undef SET
#undef MIN
#undef MAX
#undef FMA
#undef ROUND_TO_INT
#undef RECIPROCAL
#undef ADD_TO_EXPONENT
#undef BLOCK
#undef STORE_INT8
#undef NAME

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

const edgernn_kernel_table edgernn_kernels_avx2 = {
    "avx2",    0, supported_avx2, product_int8_avx2, product_float32_avx2,
    lstm_avx2, sigmoid_avx2,   tanh_avx2,         quantize_avx2,
};

/* ---- AVX-512 with VNNI ---------------------------------------------------------------------- */

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
#define STORE_INT8(p, n) _mm_storeu_si128((__m128i *)(void *)(p), _mm512_cvtsepi32_epi8(n))
#define NAME(x) x##_avx512

/* An estimate of 14 bits and one step of Newton's method: a relative error below 2^-23, at a quarter of a
 * division's time. */
static inline __m512 reciprocal_avx512(__m512 x) {
  __m512 r = _mm512_rcp14_ps(x);
  return _mm512_mul_ps(r, _mm512_fnmadd_ps(x, r, _mm512_set1_ps(2.0f)));
}

#include "kernels.inc"

/* The instruction multiplies unsigned by signed bytes. Weights are packed with 128 added to each, and 128
 * times the sum of the inputs is taken off at the end.
 *
 * Sums are variables, not an array: compilers keep those in registers. */
static inline __m512i inputs_avx512(const int8_t *x) {
  int32_t four;
  memcpy(&four, x, 4);
  return _mm512_set1_epi32(four);
}

#define ADD(sum, w, inputs) sum = _mm512_dpbusd_epi32(sum, w, inputs)

static inline __m512i surplus_avx512(const int8_t *x, size_t depth) {
  int32_t sum = 0;
  for (size_t k = 0; k < depth; k++) sum += x[k];
  return _mm512_set1_epi32(sum * 128);
}

static inline void finish_avx512(__m512i sum, __m512i surplus, const edgernn_matrix *m,
                                 const edgernn_steps *s, size_t step, size_t group) {
  ptrdiff_t at = (ptrdiff_t)step;
  size_t row = group * EDGERNN_GROUP;
  __m512 scale = _mm512_set1_ps(s->scale[at * s->scale_stride]);
  __m512 factor = _mm512_mul_ps(_mm512_loadu_ps(m->scales + row), scale);
  __m512 value = _mm512_mul_ps(factor, _mm512_cvtepi32_ps(_mm512_sub_epi32(sum, surplus)));
  __m512 base = _mm512_loadu_ps(s->base + at * s->base_stride + row);
  _mm512_storeu_ps(s->out + at * s->out_stride + row, _mm512_add_ps(base, value));
}

/* Eight groups over one step: eight sums hide the instruction's latency. */
static void eight_groups_avx512(const edgernn_matrix *m, const edgernn_steps *s, size_t step,
                                size_t group, __m512i surplus) {
  size_t size = (size_t)m->depth * EDGERNN_GROUP;
  const int8_t *w = m->int8 + group * size, *x = s->int8 + (ptrdiff_t)step * s->stride;
  __m512i a = _mm512_setzero_si512(), b = a, c = a, d = a, e = a, f = a, g = a, h = a;
  for (size_t k = 0; k < m->depth; k += 4, w += 4 * EDGERNN_GROUP) {
    __m512i inputs = inputs_avx512(x + k);
    ADD(a, _mm512_loadu_si512(w), inputs);
    ADD(b, _mm512_loadu_si512(w + size), inputs);
    ADD(c, _mm512_loadu_si512(w + 2 * size), inputs);
    ADD(d, _mm512_loadu_si512(w + 3 * size), inputs);
    ADD(e, _mm512_loadu_si512(w + 4 * size), inputs);
    ADD(f, _mm512_loadu_si512(w + 5 * size), inputs);
    ADD(g, _mm512_loadu_si512(w + 6 * size), inputs);
    ADD(h, _mm512_loadu_si512(w + 7 * size), inputs);
  }
  finish_avx512(a, surplus, m, s, step, group);
  finish_avx512(b, surplus, m, s, step, group + 1);
  finish_avx512(c, surplus, m, s, step, group + 2);
  finish_avx512(d, surplus, m, s, step, group + 3);
  finish_avx512(e, surplus, m, s, step, group + 4);
  finish_avx512(f, surplus, m, s, step, group + 5);
  finish_avx512(g, surplus, m, s, step, group + 6);
  finish_avx512(h, surplus, m, s, step, group + 7);
}

static void one_group_avx512(const edgernn_matrix *m, const edgernn_steps *s, size_t step,
                             size_t group, __m512i surplus) {
  const int8_t *w = m->int8 + group * m->depth * EDGERNN_GROUP;
  const int8_t *x = s->int8 + (ptrdiff_t)step * s->stride;
  __m512i sum = _mm512_setzero_si512();
  for (size_t k = 0; k < m->depth; k += 4, w += 4 * EDGERNN_GROUP) {
    ADD(sum, _mm512_loadu_si512(w), inputs_avx512(x + k));
  }
  finish_avx512(sum, surplus, m, s, step, group);
}

/* Two groups over eight steps: a weight that is loaded serves all of them. */
static void eight_steps_avx512(const edgernn_matrix *m, const edgernn_steps *s, size_t step,
                               size_t group, const __m512i *surplus) {
  size_t size = (size_t)m->depth * EDGERNN_GROUP;
  const int8_t *w = m->int8 + group * size, *x = s->int8 + (ptrdiff_t)step * s->stride;
  ptrdiff_t to = s->stride;
  __m512i a = _mm512_setzero_si512(), b = a, c = a, d = a, e = a, f = a, g = a, h = a;
  __m512i a2 = a, b2 = a, c2 = a, d2 = a, e2 = a, f2 = a, g2 = a, h2 = a;
  for (size_t k = 0; k < m->depth; k += 4, w += 4 * EDGERNN_GROUP, x += 4) {
    __m512i first = _mm512_loadu_si512(w), second = _mm512_loadu_si512(w + size), inputs;
#define BOTH(sum, sum2, t)                                         \
  inputs = inputs_avx512(x + (t) * to), ADD(sum, first, inputs), ADD(sum2, second, inputs)
    BOTH(a, a2, 0);
    BOTH(b, b2, 1);
    BOTH(c, c2, 2);
    BOTH(d, d2, 3);
    BOTH(e, e2, 4);
    BOTH(f, f2, 5);
    BOTH(g, g2, 6);
    BOTH(h, h2, 7);
#undef BOTH
  }
#define FINISH(sum, sum2, t)                                    \
  finish_avx512(sum, surplus[t], m, s, step + (t), group);      \
  finish_avx512(sum2, surplus[t], m, s, step + (t), group + 1)
  FINISH(a, a2, 0);
  FINISH(b, b2, 1);
  FINISH(c, c2, 2);
  FINISH(d, d2, 3);
  FINISH(e, e2, 4);
  FINISH(f, f2, 5);
  FINISH(g, g2, 6);
  FINISH(h, h2, 7);
#undef FINISH
}

static void product_int8_avx512(const edgernn_matrix *m, const edgernn_steps *s) {
  size_t step = 0;
  for (; step + 8 <= s->count && m->groups % 2 == 0; step += 8) {
    __m512i surplus[8];
    for (size_t t = 0; t < 8; t++) {
      surplus[t] = surplus_avx512(s->int8 + (ptrdiff_t)(step + t) * s->stride, m->depth);
    }
    for (size_t group = 0; group < m->groups; group += 2) {
      eight_steps_avx512(m, s, step, group, surplus);
    }
  }
  for (; step < s->count; step++) {
    __m512i surplus = surplus_avx512(s->int8 + (ptrdiff_t)step * s->stride, m->depth);
    size_t group = 0;
    for (; group + 8 <= m->groups; group += 8) eight_groups_avx512(m, s, step, group, surplus);
    for (; group < m->groups; group++) one_group_avx512(m, s, step, group, surplus);
  }
}

#undef ADD

static int supported_avx512(void) {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni");
}

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

const edgernn_kernel_table edgernn_kernels_avx512 = {
    "avx512-vnni", 128,         supported_avx512, product_int8_avx512, product_float32_avx512,
    lstm_avx512,   sigmoid_avx512, tanh_avx512,    quantize_avx512,
};

#else
/* ISO C asks for something in a file. */
typedef int edgernn_not_x86;
#endif
