#define BF16 1
#define SCRATCH dc3_avx512_attention_scratch_bf16
#define ATTENTION dc3_avx512_attention_bf16
#define GRADIENT_SCRATCH dc3_avx512_attention_gradient_scratch_bf16
#define GRADIENT dc3_avx512_attention_gradient_bf16
#include "kernels/vector/attention_body.h"
#include "kernels/vector/attention_gradient_body.h"
