#define BF16 0
#define SCRATCH VECTOR(attention_scratch_f32)
#define ATTENTION VECTOR(attention_f32)
#define GRADIENT_SCRATCH VECTOR(attention_gradient_scratch_f32)
#define GRADIENT VECTOR(attention_gradient_f32)
#include "kernels/vector/attention_body.h"
#include "kernels/vector/attention_gradient_body.h"
