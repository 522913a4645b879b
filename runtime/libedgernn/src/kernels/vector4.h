/* Vectors of four floats in the extension that GCC and Clang have for every processor, or single floats
 * for other compilers: what kernels.inc asks for. */
#ifndef EDGERNN_VECTOR4_H
#define EDGERNN_VECTOR4_H


#define BLOCK 2

#if defined(__GNUC__) || defined(__clang__)

typedef float edgernn_floats __attribute__((vector_size(16)));
typedef int32_t edgernn_ints __attribute__((vector_size(16)));

#define INLINE static inline __attribute__((always_inline))
#define LANES 4
#define V edgernn_floats
#define VI edgernn_ints
#define SET(x) edgernn_set4(x)
#define MIN(a, b) edgernn_select4((a) < (b), a, b)
#define MAX(a, b) edgernn_select4((a) > (b), a, b)
#define FMA(a, b, c) ((a) * (b) + (c))
#define RECIPROCAL(x) (SET(1.0f) / (x))
#define LOAD(p) edgernn_load4(p)
#define STORE(p, v) edgernn_store4(p, v)
#define STORE_INT8(p, n) edgernn_store4_int8(p, n)
#define ROUND_TO_INT(v) edgernn_round4(v)
#define ADD_TO_EXPONENT(v, w) ((edgernn_floats)((edgernn_ints)(v) + ((edgernn_ints)(w) << 23)))

INLINE edgernn_floats edgernn_set4(float x) {
  edgernn_floats v = {x, x, x, x};
  return v;
}

INLINE edgernn_floats edgernn_load4(const float *p) {
  edgernn_floats v;
  memcpy(&v, p, sizeof v);
  return v;
}

INLINE void edgernn_store4(float *p, edgernn_floats v) { memcpy(p, &v, sizeof v); }

INLINE edgernn_floats edgernn_select4(edgernn_ints mask, edgernn_floats a, edgernn_floats b) {
  return (edgernn_floats)((mask & (edgernn_ints)a) | (~mask & (edgernn_ints)b));
}

/* The lowest bits of v + 1.5 * 2^23 are those of the nearest integer, ties to even. */
INLINE edgernn_ints edgernn_round4(edgernn_floats v) {
  edgernn_floats shifted = v + SET(12582912.0f);
  return (edgernn_ints)shifted - (edgernn_ints)SET(12582912.0f);
}

INLINE void edgernn_store4_int8(int8_t *p, edgernn_ints n) {
  for (int i = 0; i < LANES; i++) p[i] = (int8_t)n[i];
}

#else

#define INLINE static
#define LANES 1
#define V float
#define VI int32_t
#define SET(x) (x)
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define FMA(a, b, c) ((a) * (b) + (c))
#define RECIPROCAL(x) (1.0f / (x))
#define LOAD(p) (*(p))
#define STORE(p, v) (*(p) = (v))
#define STORE_INT8(p, n) (*(p) = (int8_t)(n))
#define ROUND_TO_INT(v) edgernn_bits((v) + 12582912.0f, 0x4b400000u)
#define ADD_TO_EXPONENT(v, w) edgernn_shift_exponent(v, w)

INLINE int32_t edgernn_bits(float v, uint32_t less) {
  uint32_t bits;
  memcpy(&bits, &v, sizeof bits);
  return (int32_t)(bits - less);
}

INLINE float edgernn_shift_exponent(float v, float w) {
  uint32_t bits = (uint32_t)edgernn_bits(v, 0) + ((uint32_t)edgernn_bits(w, 0) << 23);
  float result;
  memcpy(&result, &bits, sizeof result);
  return result;
}

#endif

#endif
