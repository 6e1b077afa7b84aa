/* dc3: one process. */
#include "cli.h"

int join_ranks(void)
{
    return 1;
}

int leave_ranks(int status)
{
    return status;
}
