/* Kernels for small cores without vectors: Cortex-M0 to M33 and RISC-V of 32 bits.
 *
 * Integer products use the DSP extension where there is one. Gates are floats on a core with an FPU; without
 * one they are looked up and corrected in integers of 32 bits (fixed.inc), within the same error. */
#include "kernels.h"

#if EDGERNN_SMALL_CORE

#define INLINE static inline __attribute__((always_inline))
#define NAME(x) x##_small
#define BLOCK 1
#define LANES 1
#define V float
#define VI int32_t
#define SET(x) (x)
#define LOAD(p) (*(p))
#define STORE(p, v) (*(p) = (v))
#if defined(__ARM_FEATURE_FMA)
#define FMA(a, b, c) __builtin_fmaf(a, b, c)
#else
#define FMA(a, b, c) ((a) * (b) + (c))
#endif

#if EDGERNN_HAS_FPU

#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define CUT(x, most) cut_small(x, most)
#define RECIPROCAL(x) (1.0f / (x))
#define STORE_INT8(p, n) (*(p) = (int8_t)(n))
#define ROUND_TO_INT(v) bits_small((v) + 12582912.0f, 0x4b400000u)
#define ADD_TO_EXPONENT(v, w) shift_exponent_small(v, w)

INLINE int32_t bits_small(float v, uint32_t less) {
  uint32_t bits;
  memcpy(&bits, &v, sizeof bits);
  return (int32_t)(bits - less);
}

/* Cut to [-most, most]. Bits without the sign are compared as integers: most values are inside, and a
 * comparison of floats takes longer. */
INLINE float cut_small(float x, float most) {
  if ((bits_small(x, 0) & 0x7fffffff) <= bits_small(most, 0)) return x;
  return MIN(most, MAX(-most, x));
}

INLINE float shift_exponent_small(float v, float w) {
  uint32_t bits = (uint32_t)bits_small(v, 0) + ((uint32_t)bits_small(w, 0) << 23);
  float result;
  memcpy(&result, &bits, sizeof result);
  return result;
}

#include "gates.inc"

#else

#include "fixed.inc"

#endif

#include "kernels.inc"

/* ---- Integer products -------------------------------------------------------------------------- */

/* Sums of four rows. */
typedef struct sums_small {
  int32_t a, b, c, d;
} sums_small;

#if defined(__ARM_FEATURE_DSP)

#define SMALL_NAME "dsp"

/* Inputs that are widened at a time: two of four bytes in one register, the other two in another. */
#define WIDE 256u
#define WIDE_BYTES (2 * WIDE)
typedef int32_t input_small;

INLINE const input_small *widen_small(const int8_t *x, uint32_t count, input_small *wide) {
  for (uint32_t k = 0; k < count; k += 4) {
    int32_t four;
    memcpy(&four, x + k, 4);
    __asm__("sxtb16 %0, %1" : "=r"(wide[k / 2]) : "r"(four));
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(wide[k / 2 + 1]) : "r"(four));
  }
  return wide;
}

/* In assembly, since a compiler keeps too much in registers at a time and would spill it. SMLAD adds two
 * products of 16 bits. Rows c and d come first, so that the second load can move the pointer on. */
#define ADD_ROW(four, sum)                                                         \
  "sxtb16 %[pair], %[" four "]\n smlad %[" sum "], %[pair], %[even], %[" sum "]\n" \
  "sxtb16 %[pair], %[" four "], ror #8\n smlad %[" sum "], %[pair], %[odd], %[" sum "]\n"
#define ADD_FOUR                                   \
  "ldrd %[even], %[odd], [%[x]], #8\n"             \
  "ldrd %[first], %[second], [%[w], #8]\n"         \
  ADD_ROW("first", "c") ADD_ROW("second", "d")     \
  "ldrd %[first], %[second], [%[w]], #64\n"        \
  ADD_ROW("first", "a") ADD_ROW("second", "b")
#define OPERANDS                                                                                        \
  : [x] "+r"(x), [w] "+r"(w), [a] "+r"(s.a), [b] "+r"(s.b), [c] "+r"(s.c), [d] "+r"(s.d),               \
    [even] "=&r"(even), [odd] "=&r"(odd), [first] "=&r"(first), [second] "=&r"(second),                 \
    [pair] "=&r"(pair)                                                                                  \
  : [end] "r"(end)                                                                                      \
  : "cc", "memory"

/* Add the products of `count` inputs to the sums of four rows. */
INLINE sums_small add_rows_small(sums_small s, const int8_t *w, const input_small *x, uint32_t count) {
  int32_t even, odd, first, second, pair;
  const input_small *end = x + count / 2;
  if (count & 4) __asm__(ADD_FOUR OPERANDS);
  if (count & 8) __asm__(ADD_FOUR ADD_FOUR OPERANDS);
  if (x != end) {
    __asm__("1:\n" ADD_FOUR ADD_FOUR ADD_FOUR ADD_FOUR "cmp %[x], %[end]\n bne 1b\n" OPERANDS);
  }
  return s;
}

#else

#define SMALL_NAME "scalar"

#define WIDE 0xfffffffcu
#define WIDE_BYTES 1
typedef int8_t input_small;

INLINE const input_small *widen_small(const int8_t *x, uint32_t count, input_small *wide) {
  (void)count;
  (void)wide;
  return x;
}

#define ADD_ROW(sum, at) sum += w[at] * x0 + w[(at) + 1] * x1 + w[(at) + 2] * x2 + w[(at) + 3] * x3;

INLINE sums_small add_rows_small(sums_small s, const int8_t *w, const input_small *x, uint32_t count) {
  for (const input_small *end = x + count; x != end; x += 4, w += 4 * EDGERNN_GROUP) {
    int32_t x0 = x[0], x1 = x[1], x2 = x[2], x3 = x[3];
    ADD_ROW(s.a, 0) ADD_ROW(s.b, 4) ADD_ROW(s.c, 8) ADD_ROW(s.d, 12)
  }
  return s;
}

#endif

/* Add the products of inputs from the k-th on to the sums of all rows. */
static void add_products_small(const edgernn_matrix *m, uint32_t k, const input_small *x, uint32_t count,
                               int32_t *sums) {
  const int8_t *w = m->int8 + (size_t)k * EDGERNN_GROUP;
  for (uint32_t group = m->groups; group; group--, w += (size_t)m->depth * EDGERNN_GROUP) {
    for (const int8_t *row = w; row != w + 4 * EDGERNN_GROUP; row += 16, sums += 4) {
      sums_small s = {0, 0, 0, 0};
      if (k) {
        s.a = sums[0];
        s.b = sums[1];
        s.c = sums[2];
        s.d = sums[3];
      }
      s = add_rows_small(s, row, x, count);
      sums[0] = s.a;
      sums[1] = s.b;
      sums[2] = s.c;
      sums[3] = s.d;
    }
  }
}

#define FINISH_ROW(i)                                            \
  {                                                              \
    int32_t sum;                                                 \
    memcpy(&sum, out + (i), sizeof sum);                         \
    float value = scales[i] * scale * (float)sum;                \
    EDGERNN_KEEP(value);                                         \
    out[i] = base[i] + value;                                    \
  }

/* Make floats of sums in place. */
static void finish_small(const edgernn_matrix *m, float scale, const float *base, float *out) {
  const float *scales = m->scales;
  for (const float *end = out + (size_t)m->groups * EDGERNN_GROUP; out != end; out += 4, base += 4, scales += 4) {
    FINISH_ROW(0) FINISH_ROW(1) FINISH_ROW(2) FINISH_ROW(3)
  }
}

static void product_int8_small(const edgernn_matrix *m, const edgernn_steps *s) {
  input_small wide[WIDE_BYTES / sizeof(input_small)];
  for (size_t step = 0; step < s->count; step++) {
    const int8_t *x = s->int8 + (ptrdiff_t)step * s->stride;
    float *out = s->out + (ptrdiff_t)step * s->out_stride;
    for (uint32_t k = 0; k < m->depth; k += WIDE) {
      uint32_t count = m->depth - k < WIDE ? m->depth - k : WIDE;
      const input_small *inputs = widen_small(x + k, count, wide);
      /* The sums have the place of the floats that will be made of them. */
      add_products_small(m, k, inputs, count, (int32_t *)(void *)out);
    }
    finish_small(m, s->scale[(ptrdiff_t)step * s->scale_stride],
                 s->base + (ptrdiff_t)step * s->base_stride, out);
  }
}

static int supported_small(void) { return 1; }

EDGERNN_TABLE edgernn_kernel_table edgernn_kernels_small = {
#if EDGERNN_HAS_FPU
    SMALL_NAME,
#else
    SMALL_NAME "-fixed",
#endif
    0, 4, supported_small, product_int8_small, EDGERNN_FLOAT_PRODUCT(product_float32_small),
    lstm_small, sigmoid_small, tanh_small, quantize_small, pool_small, NULL,
};

#else
/* ISO C asks for something in a file. */
typedef int edgernn_no_small_core;
#endif
