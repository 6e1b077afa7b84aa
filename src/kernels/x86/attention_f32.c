#define BF16 0
#define SCRATCH dc3_avx512_attention_scratch_f32
#define ATTENTION dc3_avx512_attention_f32
#define GRADIENT_SCRATCH dc3_avx512_attention_gradient_scratch_f32
#define GRADIENT dc3_avx512_attention_gradient_f32
#include "kernels/x86/attention_body.h"
#include "kernels/x86/attention_gradient_body.h"
