/* Kernels for every x86-64: what each has, SSE2, multiplies and adds pairs of 16 bits. */
#include "kernels.h"

#if EDGERNN_X86_64

#include <emmintrin.h>

#include "vector4.h"

#define NAME(x) x##_sse2

#include "gates.inc"
#include "kernels.inc"

/* Eight bytes widened to 16 bits: each is put above itself and shifted down with its sign. */
#define WIDEN_LOW(bytes) _mm_srai_epi16(_mm_unpacklo_epi8(bytes, bytes), 8)
#define WIDEN_HIGH(bytes) _mm_srai_epi16(_mm_unpackhi_epi8(bytes, bytes), 8)

/* Sums of two rows lie side by side in two vectors: a0 a1 b0 b1, c0 c1 d0 d1 become a, b, c, d. */
static inline __m128i add_pairs_sse2(__m128i first, __m128i second) {
  __m128 x = _mm_castsi128_ps(first), y = _mm_castsi128_ps(second);
  __m128i even = _mm_castps_si128(_mm_shuffle_ps(x, y, _MM_SHUFFLE(2, 0, 2, 0)));
  return _mm_add_epi32(even, _mm_castps_si128(_mm_shuffle_ps(x, y, _MM_SHUFFLE(3, 1, 3, 1))));
}

static inline void finish_sse2(__m128i sum, const edgernn_matrix *m, const edgernn_steps *s,
                               size_t step, size_t row) {
  ptrdiff_t at = (ptrdiff_t)step;
  __m128 scale = _mm_set1_ps(s->scale[at * s->scale_stride]);
  __m128 factor = _mm_mul_ps(_mm_loadu_ps(m->scales + row), scale);
  __m128 value = _mm_mul_ps(factor, _mm_cvtepi32_ps(sum));
  EDGERNN_KEEP(value);
  __m128 base = _mm_loadu_ps(s->base + at * s->base_stride + row);
  _mm_storeu_ps(s->out + at * s->out_stride + row, _mm_add_ps(base, value));
}

static void product_int8_sse2(const edgernn_matrix *m, const edgernn_steps *s) {
  for (size_t step = 0; step < s->count; step++) {
    const int8_t *x = s->int8 + (ptrdiff_t)step * s->stride, *w = m->int8;
    for (size_t group = 0; group < m->groups; group++) {
      __m128i sums[8];
      for (size_t i = 0; i < 8; i++) sums[i] = _mm_setzero_si128();
      for (size_t k = 0; k < m->depth; k += 4, w += 4 * EDGERNN_GROUP) {
        int32_t four;
        memcpy(&four, x + k, 4);
        __m128i inputs = _mm_set1_epi32(four);
        inputs = WIDEN_LOW(inputs);
        for (size_t i = 0; i < 4; i++) {
          __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(w + 16 * i));
          __m128i low = _mm_madd_epi16(WIDEN_LOW(bytes), inputs);
          __m128i high = _mm_madd_epi16(WIDEN_HIGH(bytes), inputs);
          sums[2 * i] = _mm_add_epi32(sums[2 * i], low);
          sums[2 * i + 1] = _mm_add_epi32(sums[2 * i + 1], high);
        }
      }
      for (size_t i = 0; i < 4; i++) {
        __m128i four = add_pairs_sse2(sums[2 * i], sums[2 * i + 1]);
        finish_sse2(four, m, s, step, group * EDGERNN_GROUP + 4 * i);
      }
    }
  }
}

static int supported_sse2(void) { return 1; }

EDGERNN_TABLE edgernn_kernel_table edgernn_kernels_sse2 = {
    "sse2", 0, 4, supported_sse2, product_int8_sse2, EDGERNN_FLOAT_PRODUCT(product_float32_sse2),
    lstm_sse2, sigmoid_sse2, tanh_sse2,      quantize_sse2, pool_sse2, NULL,
};

#else
/* ISO C asks for something in a file. */
typedef int edgernn_no_sse2;
#endif
