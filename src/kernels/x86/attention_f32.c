#define BF16 0
#define SCRATCH X86(attention_scratch_f32)
#define ATTENTION X86(attention_f32)
#define GRADIENT_SCRATCH X86(attention_gradient_scratch_f32)
#define GRADIENT X86(attention_gradient_f32)
#include "kernels/x86/attention_body.h"
#include "kernels/x86/attention_gradient_body.h"
