/* What of this processor the bytes of a result depend on. */
#ifndef DC3_KERNELS_DESCRIBE_H
#define DC3_KERNELS_DESCRIBE_H

/* The name of the best kernels, and whether it multiplies bf16 and tiles: "avx512, bf16". */
const char *dc3_kernels_text(char text[64]);

#endif
