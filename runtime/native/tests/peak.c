/* What a plain loop of one instruction does on this processor: peak avx512-vnni | avx2; prints int8
 * multiply-adds a second, or 0 for kernels that it has no loop for. */
#define _POSIX_C_SOURCE 199309L

#include <stdio.h>
#include <string.h>
#include <time.h>

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

#define CALLS 3000000

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Twelve sums, so that none waits for another: variables, since compilers keep those in registers. */
#define TWELVE(DO) DO(a) DO(b) DO(c) DO(d) DO(e) DO(f) DO(g) DO(h) DO(i) DO(j) DO(k) DO(l)

__attribute__((target("avx512f,avx512vnni"))) static double peak_avx512(void) {
  __m512i w = _mm512_set1_epi8(3), x = _mm512_set1_epi8(2), a = x, b = x, c = x, d = x, e = x, f = x,
          g = x, h = x, i = x, j = x, k = x, l = x;
  double start = seconds();
  for (int n = 0; n < CALLS; n++) {
#define DO(sum) sum = _mm512_dpbusd_epi32(sum, w, x); __asm__ volatile("" : "+v"(sum));
    TWELVE(DO)
#undef DO
  }
  return 64.0 * 12 * CALLS / (seconds() - start);
}

/* The four instructions of the AVX2 kernels: 32 multiply-adds. */
__attribute__((target("avx2"))) static double peak_avx2(void) {
  __m256i w = _mm256_set1_epi8(3), x = _mm256_set1_epi8(2), one = _mm256_set1_epi16(1), a = x, b = x,
          c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x, k = x, l = x;
  double start = seconds();
  for (int n = 0; n < CALLS; n++) {
#define DO(sum)                                                                            \
  sum = _mm256_add_epi32(                                                                  \
      sum, _mm256_madd_epi16(_mm256_maddubs_epi16(x, _mm256_sign_epi8(w, x)), one));       \
  __asm__ volatile("" : "+x"(sum), "+x"(w), "+x"(x));
    TWELVE(DO)
#undef DO
  }
  return 32.0 * 12 * CALLS / (seconds() - start);
}

int main(int count, char **arguments) {
  double rate = 0;
  if (count == 2 && !strcmp(arguments[1], "avx512-vnni")) rate = peak_avx512();
  if (count == 2 && !strcmp(arguments[1], "avx2")) rate = peak_avx2();
  printf("%.0f\n", rate);
  return 0;
}
#else
int main(void) {
  printf("0\n");
  return 0;
}
#endif
