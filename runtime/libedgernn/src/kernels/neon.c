/* Kernels for 64-bit ARM: NEON, and its dot products where the processor has them. */
#include "kernels.h"

#if EDGERNN_AARCH64

#include <arm_neon.h>

#if defined(__linux__)
#include <sys/auxv.h>
#define DOT_PRODUCTS (1ul << 20) /* HWCAP_ASIMDDP */
#endif

#include "vector4.h"

#define NAME(x) x##_neon

#include "gates.inc"
#include "kernels.inc"

static inline int8x16_t inputs_neon(const int8_t *x) {
  int32_t four;
  memcpy(&four, x, 4);
  return vreinterpretq_s8_s32(vdupq_n_s32(four));
}

static inline void finish_neon(int32x4_t sum, const edgernn_matrix *m, const edgernn_steps *s,
                               size_t step, size_t row) {
  ptrdiff_t at = (ptrdiff_t)step;
  float32x4_t factor = vmulq_n_f32(vld1q_f32(m->scales + row), s->scale[at * s->scale_stride]);
  float32x4_t value = vmulq_f32(factor, vcvtq_f32_s32(sum));
  EDGERNN_KEEP(value);
  float32x4_t base = vld1q_f32(s->base + at * s->base_stride + row);
  vst1q_f32(s->out + at * s->out_stride + row, vaddq_f32(base, value));
}

/* Products of two bytes fit into 16 bits; pairs of them are added in 32. */
static void product_int8_neon(const edgernn_matrix *m, const edgernn_steps *s) {
  for (size_t step = 0; step < s->count; step++) {
    const int8_t *x = s->int8 + (ptrdiff_t)step * s->stride, *w = m->int8;
    for (size_t group = 0; group < m->groups; group++) {
      int32x4_t a = vdupq_n_s32(0), b = a, c = a, d = a, e = a, f = a, g = a, h = a;
      for (size_t k = 0; k < m->depth; k += 4, w += 4 * EDGERNN_GROUP) {
        int8x16_t inputs = inputs_neon(x + k), weights = vld1q_s8(w);
        a = vpadalq_s16(a, vmull_s8(vget_low_s8(weights), vget_low_s8(inputs)));
        b = vpadalq_s16(b, vmull_high_s8(weights, inputs));
        weights = vld1q_s8(w + 16);
        c = vpadalq_s16(c, vmull_s8(vget_low_s8(weights), vget_low_s8(inputs)));
        d = vpadalq_s16(d, vmull_high_s8(weights, inputs));
        weights = vld1q_s8(w + 32);
        e = vpadalq_s16(e, vmull_s8(vget_low_s8(weights), vget_low_s8(inputs)));
        f = vpadalq_s16(f, vmull_high_s8(weights, inputs));
        weights = vld1q_s8(w + 48);
        g = vpadalq_s16(g, vmull_s8(vget_low_s8(weights), vget_low_s8(inputs)));
        h = vpadalq_s16(h, vmull_high_s8(weights, inputs));
      }
      finish_neon(vpaddq_s32(a, b), m, s, step, group * EDGERNN_GROUP);
      finish_neon(vpaddq_s32(c, d), m, s, step, group * EDGERNN_GROUP + 4);
      finish_neon(vpaddq_s32(e, f), m, s, step, group * EDGERNN_GROUP + 8);
      finish_neon(vpaddq_s32(g, h), m, s, step, group * EDGERNN_GROUP + 12);
    }
  }
}

static int supported_neon(void) { return 1; }

EDGERNN_TABLE edgernn_kernel_table edgernn_kernels_neon = {
    "neon", 0, 4, supported_neon, product_int8_neon, EDGERNN_FLOAT_PRODUCT(product_float32_neon),
    lstm_neon, sigmoid_neon, tanh_neon,      quantize_neon, pool_neon, NULL,
};

#if EDGERNN_HAS_DOT

#if defined(__clang__)
#define WITH_DOT __attribute__((target("dotprod")))
#else
#define WITH_DOT __attribute__((target("arch=armv8.2-a+dotprod")))
#endif

/* Sums of a group of rows, of four each. */
typedef struct four_sums {
  int32x4_t a, b, c, d;
} four_sums;

static inline void finish_dot(four_sums sums, const edgernn_matrix *m, const edgernn_steps *s,
                              size_t step, size_t group) {
  size_t row = group * EDGERNN_GROUP;
  finish_neon(sums.a, m, s, step, row);
  finish_neon(sums.b, m, s, step, row + 4);
  finish_neon(sums.c, m, s, step, row + 8);
  finish_neon(sums.d, m, s, step, row + 12);
}

/* A group over one step: sixteen inputs are loaded at once, four of them a product. */
WITH_DOT static void one_step_dot(const edgernn_matrix *m, const edgernn_steps *s, size_t step,
                                  size_t group) {
  const int8_t *w = m->int8 + group * m->depth * EDGERNN_GROUP;
  const int8_t *x = s->int8 + (ptrdiff_t)step * s->stride;
  int32x4_t zero = vdupq_n_s32(0);
  four_sums sums = {zero, zero, zero, zero};
  size_t k = 0;
#define ADD_FOUR(product, ...)                                 \
  sums.a = product(sums.a, vld1q_s8(w), __VA_ARGS__);          \
  sums.b = product(sums.b, vld1q_s8(w + 16), __VA_ARGS__);     \
  sums.c = product(sums.c, vld1q_s8(w + 32), __VA_ARGS__);     \
  sums.d = product(sums.d, vld1q_s8(w + 48), __VA_ARGS__);     \
  w += 4 * EDGERNN_GROUP;
  for (; k + 16 <= m->depth; k += 16) {
    int8x16_t inputs = vld1q_s8(x + k);
    ADD_FOUR(vdotq_laneq_s32, inputs, 0)
    ADD_FOUR(vdotq_laneq_s32, inputs, 1)
    ADD_FOUR(vdotq_laneq_s32, inputs, 2)
    ADD_FOUR(vdotq_laneq_s32, inputs, 3)
  }
  for (; k < m->depth; k += 4) {
    int8x16_t inputs = inputs_neon(x + k);
    ADD_FOUR(vdotq_s32, inputs)
  }
#undef ADD_FOUR
  finish_dot(sums, m, s, step, group);
}

/* A group over four steps: a weight that is loaded serves all of them. */
WITH_DOT static void four_steps_dot(const edgernn_matrix *m, const edgernn_steps *s, size_t step,
                                    size_t group) {
  const int8_t *w = m->int8 + group * m->depth * EDGERNN_GROUP;
  const int8_t *x = s->int8 + (ptrdiff_t)step * s->stride;
  int32x4_t zero = vdupq_n_s32(0);
  four_sums first = {zero, zero, zero, zero}, second = first, third = first, fourth = first;
  for (size_t k = 0; k < m->depth; k += 4, w += 4 * EDGERNN_GROUP, x += 4) {
    int8x16_t a = vld1q_s8(w), b = vld1q_s8(w + 16), c = vld1q_s8(w + 32), d = vld1q_s8(w + 48);
    int8x16_t inputs;
#define ADD_STEP(sums, t)                    \
  inputs = inputs_neon(x + (t)*s->stride);   \
  sums.a = vdotq_s32(sums.a, a, inputs);     \
  sums.b = vdotq_s32(sums.b, b, inputs);     \
  sums.c = vdotq_s32(sums.c, c, inputs);     \
  sums.d = vdotq_s32(sums.d, d, inputs);
    ADD_STEP(first, 0)
    ADD_STEP(second, 1)
    ADD_STEP(third, 2)
    ADD_STEP(fourth, 3)
#undef ADD_STEP
  }
  finish_dot(first, m, s, step, group);
  finish_dot(second, m, s, step + 1, group);
  finish_dot(third, m, s, step + 2, group);
  finish_dot(fourth, m, s, step + 3, group);
}

WITH_DOT static void product_int8_dot(const edgernn_matrix *m, const edgernn_steps *s) {
  size_t step = 0;
  for (; step + 4 <= s->count; step += 4) {
    for (size_t group = 0; group < m->groups; group++) four_steps_dot(m, s, step, group);
  }
  for (; step < s->count; step++) {
    for (size_t group = 0; group < m->groups; group++) one_step_dot(m, s, step, group);
  }
}

static int supported_dot(void) {
#if defined(__linux__)
  return (getauxval(AT_HWCAP) & DOT_PRODUCTS) != 0;
#elif defined(__ARM_FEATURE_DOTPROD)
  return 1;
#else
  return 0;
#endif
}

EDGERNN_TABLE edgernn_kernel_table edgernn_kernels_dot = {
    "neon-dotprod", 0, 4, supported_dot, product_int8_dot, EDGERNN_FLOAT_PRODUCT(product_float32_neon),
    lstm_neon,      sigmoid_neon, tanh_neon,     quantize_neon, pool_neon, NULL,
};

#endif

#else
/* ISO C asks for something in a file. */
typedef int edgernn_not_aarch64;
#endif
