/* The program dc3 with DC3_LOCAL_RANKS ranks of this machine, for tests. */
#include <stdlib.h>
#include "cli.h"
#include "local_ranks.h"
#include "several.h"

int join_ranks(void)
{
    const char *ranks = getenv("DC3_LOCAL_RANKS");
    local_ranks_fork(ranks ? atoi(ranks) : 1);
    return join_by(local_ranks_open, NULL);
}
