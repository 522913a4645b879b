/* The table of kernels, and what each name stands for. */
#include "kernels.h"

extern const edgernn_kernel_table edgernn_kernels_portable;
#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
extern const edgernn_kernel_table edgernn_kernels_avx512, edgernn_kernels_avx2, edgernn_kernels_sse2;
#if EDGERNN_HAS_AVX_VNNI
extern const edgernn_kernel_table edgernn_kernels_vnni;
#endif
#endif
#if defined(__aarch64__) && (defined(__GNUC__) || defined(__clang__))
extern const edgernn_kernel_table edgernn_kernels_neon;
#if EDGERNN_HAS_DOT
extern const edgernn_kernel_table edgernn_kernels_dot;
#endif
#endif

const edgernn_kernel_table *const edgernn_kernel_tables[] = {
#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
    &edgernn_kernels_avx512,
#if EDGERNN_HAS_AVX_VNNI
    &edgernn_kernels_vnni,
#endif
    &edgernn_kernels_avx2,
    &edgernn_kernels_sse2,
#endif
#if defined(__aarch64__) && (defined(__GNUC__) || defined(__clang__))
#if EDGERNN_HAS_DOT
    &edgernn_kernels_dot,
#endif
    &edgernn_kernels_neon,
#endif
    &edgernn_kernels_portable,
    NULL,
};
