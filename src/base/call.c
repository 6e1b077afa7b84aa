#include "base/call.h"

#include <omp.h>

int dc3_call_enter(void)
{
    return omp_get_max_threads();
}

void dc3_call_leave(const int *threads)
{
    omp_set_num_threads(*threads);
}
