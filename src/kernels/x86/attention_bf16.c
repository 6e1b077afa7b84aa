#define BF16 1
#define SCRATCH dc3_avx512_attention_scratch_bf16
#define ATTENTION dc3_avx512_attention_bf16
#include "kernels/x86/attention_body.h"
