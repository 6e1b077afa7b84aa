/* What this processor can do; 1 or 0. */
#ifndef DC3_KERNELS_CPU_H
#define DC3_KERNELS_CPU_H

/* AVX-512 F, BW, VL and DQ. */
int dc3_cpu_has_avx512(void);
/* AVX2 with FMA. */
int dc3_cpu_has_avx2(void);
/* arm64's vectors, which every such processor has. */
int dc3_cpu_has_neon(void);
/* Multiplies bf16 natively: AVX512-BF16, or AMX, which comes with it. */
int dc3_cpu_has_bf16(void);
/* AMX-TILE and AMX-BF16, with AVX512-BF16, and the kernel lets this process use the tiles, which the first
 * call asks it for: they make the state of a thread 8 kB larger. */
int dc3_cpu_has_amx(void);

#endif
