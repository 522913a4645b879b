/* The table of kernels, and what each name stands for. */
#include "kernels.h"

extern const edgernn_kernel_table edgernn_kernels_portable;
#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
extern const edgernn_kernel_table edgernn_kernels_avx2, edgernn_kernels_avx512;
#endif

const edgernn_kernel_table *const edgernn_kernel_tables[] = {
#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
    &edgernn_kernels_avx512,
    &edgernn_kernels_avx2,
#endif
    &edgernn_kernels_portable,
    NULL,
};
