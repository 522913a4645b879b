/* kernels NAME: times each kernel of that kind on what the default network gives it, and a plain loop of
 * the instruction that its integer products are made of. Prints lines of a name and a number:
 * nanoseconds a step and direction, and for `peak` int8 multiply-adds a nanosecond, 0 where there is no
 * loop. */
#define _POSIX_C_SOURCE 200112L

#include "kernels/kernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BATCHES 101
#define CALLS 200
#define STEPS 32

static double nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* ---- Plain loops ----------------------------------------------------------------------------- */

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

/* Twelve sums, so that none waits for another: variables, since compilers keep those in registers. */
#define TWELVE(DO) DO(a) DO(b) DO(c) DO(d) DO(e) DO(f) DO(g) DO(h) DO(i) DO(j) DO(k) DO(l)
#define LOOPS 300000

__attribute__((target("avx512f,avx512vnni"))) static double loop_avx512(void) {
  __m512i w = _mm512_set1_epi8(3), x = _mm512_set1_epi8(2), a = x, b = x, c = x, d = x, e = x, f = x,
          g = x, h = x, i = x, j = x, k = x, l = x;
  double start = nanoseconds();
  for (int n = 0; n < LOOPS; n++) {
#define DO(sum) sum = _mm512_dpbusd_epi32(sum, w, x); __asm__ volatile("" : "+v"(sum));
    TWELVE(DO)
#undef DO
  }
  return 64.0 * 12 * LOOPS / (nanoseconds() - start);
}

#if EDGERNN_HAS_AVX_VNNI
__attribute__((target("avx2,avxvnni"))) static double loop_vnni(void) {
  __m256i w = _mm256_set1_epi8(3), x = _mm256_set1_epi8(2), a = x, b = x, c = x, d = x, e = x, f = x,
          g = x, h = x, i = x, j = x, k = x, l = x;
  double start = nanoseconds();
  for (int n = 0; n < LOOPS; n++) {
#define DO(sum) sum = _mm256_dpbusd_avx_epi32(sum, w, x); __asm__ volatile("" : "+x"(sum));
    TWELVE(DO)
#undef DO
  }
  return 32.0 * 12 * LOOPS / (nanoseconds() - start);
}
#else
static double loop_vnni(void) { return 0; }
#endif

/* The four instructions of the AVX2 kernels: 32 multiply-adds. */
__attribute__((target("avx2"))) static double loop_avx2(void) {
  __m256i w = _mm256_set1_epi8(3), x = _mm256_set1_epi8(2), one = _mm256_set1_epi16(1), a = x, b = x,
          c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x, k = x, l = x;
  double start = nanoseconds();
  for (int n = 0; n < LOOPS; n++) {
#define DO(sum)                                                                            \
  sum = _mm256_add_epi32(                                                                  \
      sum, _mm256_madd_epi16(_mm256_maddubs_epi16(x, _mm256_sign_epi8(w, x)), one));       \
  __asm__ volatile("" : "+x"(sum), "+x"(w), "+x"(x));
    TWELVE(DO)
#undef DO
  }
  return 32.0 * 12 * LOOPS / (nanoseconds() - start);
}

static double loop(const char *name) {
  if (!strcmp(name, "avx512-vnni")) return loop_avx512();
  if (!strcmp(name, "avx-vnni")) return loop_vnni();
  return strcmp(name, "avx2") ? 0 : loop_avx2();
}
#else
static double loop(const char *name) {
  (void)name;
  return 0;
}
#endif

/* ---- Kernels --------------------------------------------------------------------------------- */

static void *filled(size_t bytes, int value) {
  void *memory = NULL;
  if (posix_memalign(&memory, 64, bytes)) exit(1);
  memset(memory, value, bytes);
  return memory;
}

static float *floats(size_t count, float value) {
  float *memory = filled(count * sizeof *memory, 0);
  for (size_t i = 0; i < count; i++) memory[i] = value;
  return memory;
}

static void print_product(const edgernn_kernel_table *k, const char *name, uint32_t depth,
                          uint32_t rows, size_t count, int is_int8) {
  static const float one = 1.0f;
  size_t values = (size_t)rows * depth;
  int8_t *int8 = filled(values, 1), *inputs = filled(STEPS * depth, 2);
  float *float32 = floats(values, 0.01f), *x = floats(STEPS * depth, 0.01f);
  float *scales = floats(rows, 0.01f), *base = floats(rows, 0.1f), *out = floats(STEPS * rows, 0);
  int32_t *first_sums = filled(rows * sizeof *first_sums, 0);
  edgernn_matrix matrix = {int8, first_sums, float32, scales, rows / EDGERNN_GROUP, depth};
  edgernn_steps steps = {count, inputs, x, depth, &one, 0, base, 0, out, rows, 0, 0, 0};
  if (is_int8 && k->tiles) steps.prepared = k->tiles->prepare(depth, depth, count);
  double batches[BATCHES];
  for (int i = 0; i < BATCHES; i++) {
    double start = nanoseconds();
    for (int call = 0; call < CALLS; call++) {
      is_int8 ? k->product_int8(&matrix, &steps) : k->product_float32(&matrix, &steps);
      steps.descending = !steps.descending;
    }
    batches[i] = (nanoseconds() - start) / CALLS / (double)count;
  }
  qsort(batches, BATCHES, sizeof *batches, ascending);
  printf("%s %s %.1f\n", is_int8 ? "int8" : "float32", name, batches[BATCHES / 2]);
  free(int8), free(inputs), free(float32), free(x), free(scales), free(base), free(out);
  free(first_sums);
}

static void print_gates(const edgernn_kernel_table *k, const char *name, size_t units, int is_int8) {
  float *gates = floats(4 * units, 0.3f), *cell = floats(units, 0.3f), *hidden = floats(units, 0.3f);
  int8_t *quantized = filled(units, 0);
  double batches[BATCHES];
  for (int i = 0; i < BATCHES; i++) {
    double start = nanoseconds();
    for (int call = 0; call < CALLS; call++) {
      k->lstm(gates, cell, hidden, units / EDGERNN_GROUP);
      if (is_int8) k->quantize(hidden, quantized, units);
    }
    batches[i] = (nanoseconds() - start) / CALLS;
  }
  qsort(batches, BATCHES, sizeof *batches, ascending);
  printf("%s %s %.1f\n", is_int8 ? "int8" : "float32", name, batches[BATCHES / 2]);
  free(gates), free(cell), free(hidden), free(quantized);
}

int main(int count, char **arguments) {
  for (size_t i = 0; count == 2 && edgernn_kernel_tables[i]; i++) {
    const edgernn_kernel_table *k = edgernn_kernel_tables[i];
    if (strcmp(k->name, arguments[1]) || !k->supported()) continue;
    for (int is_int8 = 1; is_int8 >= 0; is_int8--) {
      print_product(k, "inputs1", 64, 256, STEPS, is_int8);
      print_product(k, "state1", 64, 256, 1, is_int8);
      print_gates(k, "gates1", 64, is_int8);
      print_product(k, "inputs2", 128, 128, STEPS, is_int8);
      print_product(k, "state2", 32, 128, 1, is_int8);
      print_gates(k, "gates2", 32, is_int8);
    }
    double best = 0;
    for (int n = 0; n < 10; n++) {
      double rate = loop(k->name);
      best = rate > best ? rate : best;
    }
    printf("int8 peak %.1f\n", best);
    return 0;
  }
  return 1;
}
