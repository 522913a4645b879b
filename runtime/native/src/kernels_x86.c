/* Kernels for x86-64: AVX2 with FMA, and AVX-512 with VNNI. The compiler needs no option for them; the
 * processor is asked before they are used. */
#include "kernels.h"

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))

#include <immintrin.h>
#include <string.h>

/* ---- AVX2 with FMA ------------------------------------------------------------------------- */

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif

#define LANES 8
#define V __m256
#define VI __m256i
#define LOAD(p) _mm256_loadu_ps(p)
#define STORE(p, v) _mm256_storeu_ps(p, v)
#define SET(x) _mm256_set1_ps(x)
#define MIN(a, b) _mm256_min_ps(a, b)
#define MAX(a, b) _mm256_max_ps(a, b)
#define FMA(a, b, c) _mm256_fmadd_ps(a, b, c)
#define ROUND_TO_INT(v) _mm256_cvtps_epi32(v)
#define TO_FLOAT(n) _mm256_cvtepi32_ps(n)
#define SCALE_BY_POWER(v, n) \
  ((v) * _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(n, _mm256_set1_epi32(127)), 23)))
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
#undef TO_FLOAT
#undef SCALE_BY_POWER
#undef STORE_INT8
#undef NAME

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

const edgernn_kernel_table edgernn_kernels_avx2 = {
    "avx2",    supported_avx2, product_int8_avx2, product_float32_avx2,
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

#define LANES 16
#define V __m512
#define VI __m512i
#define LOAD(p) _mm512_loadu_ps(p)
#define STORE(p, v) _mm512_storeu_ps(p, v)
#define SET(x) _mm512_set1_ps(x)
#define MIN(a, b) _mm512_min_ps(a, b)
#define MAX(a, b) _mm512_max_ps(a, b)
#define FMA(a, b, c) _mm512_fmadd_ps(a, b, c)
#define ROUND_TO_INT(v) _mm512_cvtps_epi32(v)
#define TO_FLOAT(n) _mm512_cvtepi32_ps(n)
#define SCALE_BY_POWER(v, n) _mm512_scalef_ps(v, _mm512_cvtepi32_ps(n))
#define STORE_INT8(p, n) _mm_storeu_si128((__m128i *)(void *)(p), _mm512_cvtsepi32_epi8(n))
#define NAME(x) x##_avx512

#include "kernels.inc"

/* The instruction takes unsigned inputs: 128 is added to each, and its share taken off at the end. */
static inline __m512i four_inputs_avx512(const int8_t *x) {
  int32_t four;
  memcpy(&four, x, 4);
  return _mm512_set1_epi32(four ^ (int32_t)0x80808080);
}

static inline __m512i weights_avx512(const int8_t *w) { return _mm512_loadu_si512(w); }

static inline void finish_avx512(__m512i sum, const edgernn_matrix *m, size_t row, float scale,
                                 const float *base, float *out) {
  __m512 factor = _mm512_mul_ps(_mm512_loadu_ps(m->scales + row), _mm512_set1_ps(scale));
  __m512i exact = _mm512_sub_epi32(sum, _mm512_loadu_si512(m->offsets + row));
  __m512 value = _mm512_mul_ps(factor, _mm512_cvtepi32_ps(exact));
  _mm512_storeu_ps(out + row, _mm512_add_ps(_mm512_loadu_ps(base + row), value));
}

/* One step: eight groups at a time, to hide the instruction's latency. */
static void one_step_avx512(const edgernn_matrix *m, const int8_t *x, float scale,
                            const float *base, float *out) {
  size_t group_size = (size_t)m->depth * EDGERNN_GROUP, group = 0;
  for (; group + 8 <= m->groups; group += 8) {
    const int8_t *w = m->int8 + group * group_size;
    __m512i sums[8];
    for (size_t i = 0; i < 8; i++) sums[i] = _mm512_setzero_si512();
    for (size_t k = 0; k < m->depth; k += 4, w += 4 * EDGERNN_GROUP) {
      __m512i inputs = four_inputs_avx512(x + k);
      for (size_t i = 0; i < 8; i++) {
        sums[i] = _mm512_dpbusd_epi32(sums[i], inputs, weights_avx512(w + i * group_size));
      }
    }
    for (size_t i = 0; i < 8; i++) {
      finish_avx512(sums[i], m, (group + i) * EDGERNN_GROUP, scale, base, out);
    }
  }
  for (; group < m->groups; group++) {
    const int8_t *w = m->int8 + group * group_size;
    __m512i sum = _mm512_setzero_si512();
    for (size_t k = 0; k < m->depth; k += 4, w += 4 * EDGERNN_GROUP) {
      sum = _mm512_dpbusd_epi32(sum, four_inputs_avx512(x + k), weights_avx512(w));
    }
    finish_avx512(sum, m, group * EDGERNN_GROUP, scale, base, out);
  }
}

/* Four steps and four groups at a time: a weight that is loaded serves four steps. */
static void four_steps_avx512(const edgernn_matrix *m, const edgernn_steps *s, size_t step) {
  size_t group_size = (size_t)m->depth * EDGERNN_GROUP;
  const int8_t *x = s->int8 + (ptrdiff_t)step * s->stride;
  for (size_t group = 0; group < m->groups; group += 4) {
    const int8_t *w = m->int8 + group * group_size;
    __m512i sums[4][4];
    for (size_t t = 0; t < 4; t++) {
      for (size_t i = 0; i < 4; i++) sums[t][i] = _mm512_setzero_si512();
    }
    for (size_t k = 0; k < m->depth; k += 4, w += 4 * EDGERNN_GROUP) {
      __m512i weights[4];
      for (size_t i = 0; i < 4; i++) weights[i] = weights_avx512(w + i * group_size);
      for (size_t t = 0; t < 4; t++) {
        __m512i inputs = four_inputs_avx512(x + (ptrdiff_t)t * s->stride + k);
        for (size_t i = 0; i < 4; i++) {
          sums[t][i] = _mm512_dpbusd_epi32(sums[t][i], inputs, weights[i]);
        }
      }
    }
    for (size_t t = 0; t < 4; t++) {
      ptrdiff_t at = (ptrdiff_t)(step + t);
      for (size_t i = 0; i < 4; i++) {
        finish_avx512(sums[t][i], m, (group + i) * EDGERNN_GROUP, s->scale[at * s->scale_stride],
                      s->base + at * s->base_stride, s->out + at * s->out_stride);
      }
    }
  }
}

static void product_int8_avx512(const edgernn_matrix *m, const edgernn_steps *s) {
  size_t step = 0;
  if (m->groups % 4 == 0) {
    for (; step + 4 <= s->count; step += 4) four_steps_avx512(m, s, step);
  }
  for (; step < s->count; step++) {
    ptrdiff_t at = (ptrdiff_t)step;
    one_step_avx512(m, s->int8 + at * s->stride, s->scale[at * s->scale_stride],
                    s->base + at * s->base_stride, s->out + at * s->out_stride);
  }
}

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
    "avx512-vnni", supported_avx512, product_int8_avx512, product_float32_avx512,
    lstm_avx512,   sigmoid_avx512,   tanh_avx512,         quantize_avx512,
};

#else
/* ISO C asks for something in a file. */
typedef int edgernn_not_x86;
#endif
