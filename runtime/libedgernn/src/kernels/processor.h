/* What an x86-64 processor and its operating system support.
 *
 * `__builtin_cpu_supports` reads a variable that the compiler's runtime library has to fill in. That of
 * zig never does, so that every processor would seem to have no AVX. */
#ifndef EDGERNN_PROCESSOR_H
#define EDGERNN_PROCESSOR_H

#include "kernels.h"

#if EDGERNN_X86_64

#include <cpuid.h>

/* The state that the system keeps for a thread: bits 1 and 2 are XMM and YMM, 5 to 7 are of AVX-512. */
#define EDGERNN_AVX_STATE 0x06u
#define EDGERNN_AVX512_STATE 0xe6u
/* Bits 17 and 18 are tiles. */
#define EDGERNN_TILE_STATE 0x60000u

static inline int edgernn_keeps_state(unsigned state) {
  unsigned a, b, c, d;
  /* OSXSAVE: XGETBV can be used. */
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c >> 27 & 1)) return 0;
  __asm__ volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
  return (a & state) == state;
}

static inline int edgernn_has_avx2_and_fma(void) {
  unsigned a, b, c, d;
  if (!edgernn_keeps_state(EDGERNN_AVX_STATE) || !__get_cpuid(1, &a, &b, &c, &d)) return 0;
  if (!(c >> 28 & 1) || !(c >> 12 & 1)) return 0;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b >> 5 & 1);
}

static inline int edgernn_has_avx_vnni(void) {
  unsigned a, b, c, d;
  return edgernn_has_avx2_and_fma() && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 4 & 1);
}

/* AVX-512 F, BW, VL and VNNI. */
static inline int edgernn_has_avx512_vnni(void) {
  unsigned a, b, c, d;
  if (!edgernn_keeps_state(EDGERNN_AVX512_STATE) || !__get_cpuid_count(7, 0, &a, &b, &c, &d)) return 0;
  return (b >> 16 & 1) && (b >> 30 & 1) && (b >> 31 & 1) && (c >> 11 & 1);
}

#if EDGERNN_HAS_AMX
/* Tiles of int8, and the system's permission to use them, which Linux gives to a process that asks for it
 * (https://docs.kernel.org/arch/x86/xstate.html). */
static inline int edgernn_may_use_amx(void) {
  unsigned a, b, c, d;
  long status;
  if (!edgernn_keeps_state(EDGERNN_TILE_STATE) || !__get_cpuid_count(7, 0, &a, &b, &c, &d)) return 0;
  if (!(d >> 24 & 1) || !(d >> 25 & 1)) return 0;
  __asm__ volatile("syscall"
                   : "=a"(status)
                   : "a"(158L), "D"(0x1023L), "S"(18L)
                   : "rcx", "r11", "memory");
  return status == 0;
}
#endif

#endif

#endif
