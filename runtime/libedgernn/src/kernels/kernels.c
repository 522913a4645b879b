/* The table of kernels. */
#include "kernels.h"

EDGERNN_TABLE edgernn_kernel_table *const edgernn_kernel_tables[] = {
#if EDGERNN_X86_64
#if EDGERNN_HAS_AMX
    &edgernn_kernels_amx,
#endif
    &edgernn_kernels_avx512,
#if EDGERNN_HAS_AVX_VNNI
    &edgernn_kernels_vnni,
#endif
    &edgernn_kernels_avx2,
    &edgernn_kernels_sse2,
#endif
#if EDGERNN_AARCH64
#if EDGERNN_HAS_DOT
    &edgernn_kernels_dot,
#endif
    &edgernn_kernels_neon,
#endif
#if EDGERNN_SMALL_CORE
    &edgernn_kernels_small,
#elif EDGERNN_HELM
    &edgernn_kernels_helm,
#elif EDGERNN_WASM_SIMD128
    /* An engine that accepted the module has its instructions, so that no other kernels are needed. */
    &edgernn_kernels_simd128,
#else
    &edgernn_kernels_portable,
#endif
    NULL,
};
