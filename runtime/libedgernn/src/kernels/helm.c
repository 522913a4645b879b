/* Kernels for Cortex-M with Helm (MVE) of integers and floats, such as the Cortex-M55. */
#include "kernels.h"

#if EDGERNN_HELM

#include <arm_mve.h>

#define SIGMOID(q31) (float)(q31) / 2147483648.0f
typedef float sigmoid_value;
#include "sigmoid_table.inc"

#define INLINE static inline __attribute__((always_inline))
#define NAME(x) x##_helm
#define BLOCK 1
#define LANES 4
#define V float32x4_t
#define LOAD(p) vld1q_f32(p)
#define STORE(p, v) vst1q_f32(p, v)
#define SET(x) vdupq_n_f32(x)
#define FMA(a, b, c) vfmaq_f32(c, a, b)

#include "kernels.inc"

/* ---- Gates -------------------------------------------------------------------------------------- */

/* Return sigmoid(x) - 1/2: with a = |x| and r = sigmoid(-a), from a table with steps of 1/32, this is
 * 1/2 - r with the sign of x. The Taylor series of r has second order; the rest is below 1e-7. */
INLINE float32x4_t half_sigmoid_helm(float32x4_t x) {
  const float most = 16.0f;
  float32x4_t a = vabsq_f32(x);
  /* Larger ones are 16, and NaN remains. */
  __asm__("vcmp.f32 gt, %q0, %1\n vpst\n vdupt.32 %q0, %1" : "+w"(a) : "r"(most));
  int32x4_t i = vcvtnq_s32_f32(vmulq_n_f32(a, 32.0f));
  /* NaN converts to 0. */
  float32x4_t r = vldrwq_gather_shifted_offset_f32(sigmoid_table, vreinterpretq_u32_s32(i));
  float32x4_t d = vfmaq_n_f32(a, vcvtq_f32_s32(i), -1.0f / 32.0f);
  float32x4_t rest = vsubq_f32(vdupq_n_f32(1.0f), r);
  float32x4_t first = vmulq_f32(vmulq_f32(r, rest), d);
  float32x4_t second = vmulq_f32(vmulq_f32(first, d), vsubq_f32(rest, r));
  r = vfmaq_n_f32(vsubq_f32(r, first), second, 0.5f);
  float32x4_t half = vsubq_f32(vdupq_n_f32(0.5f), r);
  uint32x4_t sign = vshrq_n_u32(vreinterpretq_u32_f32(x), 31);
  return vreinterpretq_f32_u32(vsliq_n_u32(vreinterpretq_u32_f32(half), sign, 31));
}

INLINE float32x4_t sigmoid_of_helm(float32x4_t x) { return vaddq_n_f32(half_sigmoid_helm(x), 0.5f); }

INLINE float32x4_t tanh_of_helm(float32x4_t x) {
  float32x4_t half = half_sigmoid_helm(vaddq_f32(x, x));
  return vaddq_f32(half, half);
}

static void lstm_helm(const float *gates, float *cell, float *hidden, size_t blocks) {
  for (; blocks; blocks--, gates += 3 * EDGERNN_GROUP) {
    for (size_t j = 0; j < EDGERNN_GROUP; j += 4, gates += 4, cell += 4, hidden += 4) {
      float32x4_t added = vmulq_f32(sigmoid_of_helm(LOAD(gates)), tanh_of_helm(LOAD(gates + 2 * EDGERNN_GROUP)));
      float32x4_t c = vfmaq_f32(added, sigmoid_of_helm(LOAD(gates + EDGERNN_GROUP)), LOAD(cell));
      STORE(cell, c);
      STORE(hidden, vmulq_f32(sigmoid_of_helm(LOAD(gates + 3 * EDGERNN_GROUP)), tanh_of_helm(c)));
    }
  }
}

static void sigmoid_helm(float *values, size_t count) {
  for (size_t i = 0; i < count; i += 4) STORE(values + i, sigmoid_of_helm(LOAD(values + i)));
}

static void tanh_helm(float *values, size_t count) {
  for (size_t i = 0; i < count; i += 4) STORE(values + i, tanh_of_helm(LOAD(values + i)));
}

static void quantize_helm(const float *values, int8_t *out, size_t count) {
  for (size_t i = 0; i < count; i += 4) {
    vstrbq_s32(out + i, vcvtnq_s32_f32(vmulq_n_f32(LOAD(values + i), 127.0f)));
  }
}

/* ---- Integer products -------------------------------------------------------------------------- */

/* Sixteen weights of a row are gathered from four places, 64 bytes apart, and multiplied at once, for four rows
 * side by side. The first load moves the places on by 256. */
#define ROW(predicate, place, sum) \
  "vldrw" predicate ".u32 %q[v], " place "\n vmladava.s8 %[" sum "], %q[x], %q[v]\n"
#define FOUR_ROWS                                                                                \
  ROW("", "[%q[at], #256]!", "a") ROW("", "[%q[at], #4]", "b") ROW("", "[%q[at], #8]", "c")      \
  ROW("", "[%q[at], #12]", "d")
#define LAST_ROW(place, sum) "vpst\n" ROW("t", place, sum)
#define LAST_FOUR_ROWS                                                                           \
  LAST_ROW("[%q[at], #256]", "a") LAST_ROW("[%q[at], #260]", "b") LAST_ROW("[%q[at], #264]", "c") \
  LAST_ROW("[%q[at], #268]", "d")
#define OPERANDS                                                                                 \
  [a] "+Te"(a), [b] "+Te"(b), [c] "+Te"(c), [d] "+Te"(d), [at] "+w"(at), [v] "=&w"(weights)

INLINE int32x4_t four_rows_helm(const int8_t *w, const int8_t *x, uint32_t depth) {
  const uint32x4_t places = {0, 64, 128, 192};
  uint32x4_t at = vaddq_n_u32(places, (uint32_t)w - 256u);
  int32x4_t weights, sums;
  int8x16_t inputs;
  int32_t a = 0, b = 0, c = 0, d = 0;
  uint32_t loops = depth / 16, left = depth % 16;
  if (loops) {
    __asm__("dls lr, %[loops]\n 1: vldrb.8 %q[x], [%[p]], #16\n" FOUR_ROWS "le lr, 1b\n"
            : OPERANDS, [x] "=&w"(inputs), [p] "+r"(x)
            : [loops] "r"(loops)
            : "lr", "memory");
  }
  if (left) {
    /* Weights behind the last input may be behind the file, too. */
    __asm__("vctp.8 %[left]\n vpst\n vldrbt.u8 %q[x], [%[p]]\n vctp.32 %[words]\n" LAST_FOUR_ROWS
            : OPERANDS, [x] "=&w"(inputs)
            : [p] "r"(x), [left] "r"(left), [words] "r"(left / 4)
            : "memory");
  }
  __asm__("vmov %q0[2], %q0[0], %1, %3\n vmov %q0[3], %q0[1], %2, %4"
          : "=&w"(sums)
          : "r"(a), "r"(b), "r"(c), "r"(d));
  return sums;
}

static void product_int8_helm(const edgernn_matrix *m, const edgernn_steps *s) {
  for (size_t step = 0; step < s->count; step++) {
    const int8_t *x = s->int8 + (ptrdiff_t)step * s->stride, *w = m->int8;
    const float *base = s->base + (ptrdiff_t)step * s->base_stride, *scales = m->scales;
    float *out = s->out + (ptrdiff_t)step * s->out_stride;
    float scale = s->scale[(ptrdiff_t)step * s->scale_stride];
    for (uint32_t group = m->groups; group; group--, w += (size_t)m->depth * EDGERNN_GROUP) {
      for (const int8_t *row = w; row != w + 64; row += 16, out += 4, base += 4, scales += 4) {
        float32x4_t sums = vcvtq_f32_s32(four_rows_helm(row, x, m->depth));
        float32x4_t value = vmulq_f32(vmulq_n_f32(LOAD(scales), scale), sums);
        EDGERNN_KEEP(value);
        STORE(out, vaddq_f32(LOAD(base), value));
      }
    }
  }
}

static int supported_helm(void) { return 1; }

EDGERNN_TABLE edgernn_kernel_table edgernn_kernels_helm = {
    "helm",    0, 4, supported_helm, product_int8_helm, EDGERNN_FLOAT_PRODUCT(product_float32_helm),
    lstm_helm, sigmoid_helm,         tanh_helm,         quantize_helm, pool_helm, NULL,
};

#else
/* ISO C asks for something in a file. */
typedef int edgernn_no_helm;
#endif
