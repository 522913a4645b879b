/* Linkage, and numbers in little-endian bytes. */
#ifndef EDGERNN_COMMON_H
#define EDGERNN_COMMON_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "edgernn.h"

#include "config.h"

/* Bits must not depend on the compiler: `a * b + c` is two operations, also where the processor has
 * one for it and the compiler's default is to use it. */
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif

/* The amalgamation makes everything static that is not part of the API. */
#ifndef EDGERNN_INTERNAL
#define EDGERNN_INTERNAL
#endif

/* A fuzzer would hardly get past checksums. */
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
#define EDGERNN_CHECKSUMS 0
#else
#define EDGERNN_CHECKSUMS 1
#endif

/* A part of a file. */
typedef struct edgernn_span {
  const unsigned char *data;
  size_t size;
} edgernn_span;

static inline uint32_t edgernn_u16(const unsigned char *p) { return p[0] | (uint32_t)p[1] << 8; }

static inline uint32_t edgernn_u32(const unsigned char *p) {
  return edgernn_u16(p) | edgernn_u16(p + 2) << 16;
}

/* Return a number of a model.bin, which is aligned: one instruction, also on a core that has none for others. */
static inline uint32_t edgernn_field(const unsigned char *p) { return *(const uint32_t *)(const void *)p; }

/* Return a number of 64 bits, at a multiple of 4. */
static inline uint64_t edgernn_wide_field(const unsigned char *p) {
  return edgernn_field(p) | (uint64_t)edgernn_field(p + 4) << 32;
}

/* Round a size up to a multiple. */
static inline size_t edgernn_up_to(size_t size, size_t multiple) {
  return (size + multiple - 1) / multiple * multiple;
}

static inline int edgernn_is_aligned(const void *pointer, size_t bytes) {
  return (uintptr_t)pointer % bytes == 0;
}

#endif
