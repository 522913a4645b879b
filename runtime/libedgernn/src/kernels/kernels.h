/* The inner loops, one table of them for each kind of processor.
 *
 * Weights of a product are packed in groups of 16 rows. The rows of a recurrent layer are ordered by
 * blocks of 16 units, the gates of a block side by side, so that gate g of units 16 b to 16 b + 15 is
 * group b * gates + g.
 */
#ifndef EDGERNN_KERNELS_H
#define EDGERNN_KERNELS_H

#include "../common.h"

#define EDGERNN_GROUP 16

/* Added to int8 inputs where an instruction takes them as unsigned bytes. */
#define EDGERNN_UNSIGNED 128

/* For which processor this is, where the compiler has the usual intrinsics. */
#if EDGERNN_HAS_SIMD && defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#define EDGERNN_X86_64 1
#else
#define EDGERNN_X86_64 0
#endif
#if EDGERNN_HAS_SIMD && defined(__aarch64__) && (defined(__GNUC__) || defined(__clang__))
#define EDGERNN_AARCH64 1
#else
#define EDGERNN_AARCH64 0
#endif
#if EDGERNN_HAS_SIMD && defined(__wasm_simd128__)
#define EDGERNN_WASM_SIMD128 1
#else
#define EDGERNN_WASM_SIMD128 0
#endif

/* Cores whose compiler has no vectors of floats for them: Cortex-M without Helm, RISC-V of 32 bits. Tests
 * define EDGERNN_TEST_SMALL_CORE to have their kernels on other processors. */
#if defined(__ARM_FEATURE_MVE) && (__ARM_FEATURE_MVE & 2)
#define EDGERNN_HELM 1
#else
#define EDGERNN_HELM 0
#endif
#if defined(__ARM_ARCH_PROFILE) && __ARM_ARCH_PROFILE == 'M' && !EDGERNN_HELM
#define EDGERNN_SMALL_CORE 1
#elif (defined(__riscv) && __riscv_xlen == 32) || defined(EDGERNN_TEST_SMALL_CORE)
#define EDGERNN_SMALL_CORE 1
#else
#define EDGERNN_SMALL_CORE 0
#endif
#if EDGERNN_SMALL_CORE && !defined(__ARM_FP) && !defined(__riscv_flen)
#define EDGERNN_HAS_FPU 0
#else
#define EDGERNN_HAS_FPU 1
#endif

/* Steps whose input products are made at a time: enough to reuse each weight that is loaded, few enough to
 * stay in the first-level cache. A small core has neither vectors to reuse weights nor memory to spare. */
#if EDGERNN_SMALL_CORE || EDGERNN_HELM
#define EDGERNN_CHUNK 1
#else
#define EDGERNN_CHUNK 32
#endif

/* Keep a product apart from a sum: compilers may fuse the two, even of two statements, which would change bits.
 * value: a float, or a vector of them. */
#if defined(__GNUC__) && defined(__x86_64__)
#define EDGERNN_KEEP(value) __asm__("" : "+x"(value))
#elif defined(__GNUC__) && (defined(__aarch64__) || EDGERNN_HELM)
#define EDGERNN_KEEP(value) __asm__("" : "+w"(value))
#elif defined(__GNUC__) && defined(__arm__) && defined(__ARM_FP)
#define EDGERNN_KEEP(value) __asm__("" : "+t"(value))
#elif defined(__GNUC__) && defined(__riscv_flen)
#define EDGERNN_KEEP(value) __asm__("" : "+f"(value))
#else
#define EDGERNN_KEEP(value) ((void)0)
#endif

/* A product of floats in a table of kernels. */
#if EDGERNN_HAS_FLOAT
#define EDGERNN_FLOAT_PRODUCT(function) function
#else
#define EDGERNN_FLOAT_PRODUCT(function) NULL
#endif

/* Whether the compiler knows AVX-VNNI. */
#if defined(__clang__)
#define EDGERNN_HAS_AVX_VNNI (__clang_major__ >= 12)
#elif defined(__GNUC__)
#define EDGERNN_HAS_AVX_VNNI (__GNUC__ >= 11)
#else
#define EDGERNN_HAS_AVX_VNNI 0
#endif

/* Kernels of AMX are for servers: not in builds for size. The compiler has to know it, and the system to give
 * permission to use it. */
#if !EDGERNN_X86_64 || !defined(__linux__) || defined(__OPTIMIZE_SIZE__)
#define EDGERNN_HAS_AMX 0
#elif defined(__clang__)
#define EDGERNN_HAS_AMX (__clang_major__ >= 12)
#else
#define EDGERNN_HAS_AMX (__GNUC__ >= 11)
#endif

/* Whether the compiler supports NEON dot products in single functions, without a global option. */
#if defined(__clang__)
#if __clang_major__ >= 16 || defined(__ARM_FEATURE_DOTPROD)
#define EDGERNN_HAS_DOT 1
#else
#define EDGERNN_HAS_DOT 0
#endif
#else
#define EDGERNN_HAS_DOT 1
#endif

/* A matrix [groups * 16, depth]. */
typedef struct edgernn_matrix {
  /* int8 [groups, depth / 4, 16, 4], or NULL. */
  const int8_t *int8;
  /* What sums of integers begin at, [groups * 16]: minus the kernels' `input_offset` times the sum of a
   * row's weights. NULL if the kernels have no offset. */
  const int32_t *first_sums;
  /* float32 [groups, depth, 16], or NULL. */
  const float *float32;
  /* The scale of each int8 row, [groups * 16]. */
  const float *scales;
  uint32_t groups;
  /* Inputs; of int8 a multiple of 4. */
  uint32_t depth;
} edgernn_matrix;

/* Inputs and outputs of a product over several steps: out[s] = base[s] + scales * W x[s].
 *
 * A stride counts elements from one step to the next; it may be negative, and 0 for one base. */
typedef struct edgernn_steps {
  size_t count;
  /* With the kernels' `input_offset` added. */
  const int8_t *int8;
  const float *float32;
  ptrdiff_t stride;
  /* The scale of each step's int8 inputs, with a stride of its own. */
  const float *scale;
  ptrdiff_t scale_stride;
  const float *base;
  ptrdiff_t base_stride;
  float *out;
  ptrdiff_t out_stride;
  /* Whether float rows are done from the last group to the first. */
  int descending;
  /* What the tiles' `prepare` returned, and whether the matrix is the second one that it was told of. */
  size_t prepared;
  int is_second;
} edgernn_steps;

/* Products of several steps at a time by a part of the processor that has to be prepared. */
typedef struct edgernn_tile_kernels {
  /* Prepare for int8 products of two matrices of these depths and up to `steps` steps at a time, until `release`,
   * and return how many steps a product then has, 0 for any. */
  size_t (*prepare)(uint32_t depth, uint32_t second_depth, size_t steps);
  void (*release)(void);
  /* A step of LSTM cells [inputs->count, groups / 4 * 16] of int8 products, with as many steps as were prepared for:
   * both products and the gates, for which Keras's activations are taken. All `states` have one scale; their base
   * is not read. */
  void (*lstm_step)(const edgernn_matrix *matrix, const edgernn_steps *inputs, const edgernn_matrix *second_matrix,
                    const edgernn_steps *states, float *cell, float *hidden);
} edgernn_tile_kernels;

typedef struct edgernn_kernel_table {
  const char *name;
  /* What is added to int8 inputs: 0 or EDGERNN_UNSIGNED. */
  int input_offset;
  /* Weights are loaded fast from multiples of this. */
  size_t alignment;
  int (*supported)(void);
  void (*product_int8)(const edgernn_matrix *matrix, const edgernn_steps *steps);
  void (*product_float32)(const edgernn_matrix *matrix, const edgernn_steps *steps);
  /* gates [blocks, 4, 16] in Keras's order, cell and hidden [blocks * 16]. */
  void (*lstm)(const float *gates, float *cell, float *hidden, size_t blocks);
  /* In place, count a multiple of 16. */
  void (*sigmoid)(float *values, size_t count);
  void (*tanh)(float *values, size_t count);
  /* Round 127 times values in [-1, 1] to integers and add `input_offset`, count a multiple of 16. */
  void (*quantize)(const float *values, int8_t *out, size_t count);
  /* Add a time step [width] to the sums before it, or take the larger of both; NaN propagates. */
  void (*pool)(int is_sum, const float *step, float *out, size_t width);
  /* What the processor has for several steps at a time, or NULL. */
  const edgernn_tile_kernels *tiles;
} edgernn_kernel_table;

/* The amalgamation defines each table before it is used. */
#ifndef EDGERNN_AMALGAMATION
#define EDGERNN_TABLE const
extern const edgernn_kernel_table edgernn_kernels_portable, edgernn_kernels_sse2, edgernn_kernels_avx2,
    edgernn_kernels_vnni, edgernn_kernels_avx512, edgernn_kernels_amx, edgernn_kernels_neon, edgernn_kernels_dot,
    edgernn_kernels_simd128, edgernn_kernels_small, edgernn_kernels_helm;

/* The tables of this build, fastest first, ended by NULL. */
extern const edgernn_kernel_table *const edgernn_kernel_tables[];
#endif

#endif
