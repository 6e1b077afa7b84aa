#include "kernels/describe.h"

#include <stdio.h>
#include "kernels/backend.h"

const char *dc3_kernels_text(char text[64])
{
    snprintf(text, 64, "%s%s%s", dc3_kernels_best()->name, dc3_cpu_has_bf16() ? ", bf16" : "",
             dc3_cpu_has_amx() ? ", AMX" : "");
    return text;
}
