#include "ranks/agree.h"

#include <string.h>
#include "ranks/ranks.h"

/* Of two lists of lines the first that differ, of `first` and `second` bytes. */
static void find_difference(const char **a, const char **b, int *first, int *second)
{
    for (;;) {
        size_t n = strcspn(*a, "\n"), m = strcspn(*b, "\n");
        *first = (int)n, *second = (int)m;
        if (n != m || strncmp(*a, *b, n) != 0 || !(*a)[n] || !(*b)[m]) return;
        *a += n + 1, *b += m + 1;
    }
}

static dc3_status compare(int rank, const char *ours)
{
    const char *theirs = dc3_ranks_states(rank);
    int n, m;
    if (strcmp(theirs, ours) == 0) return DC3_OK;
    find_difference(&theirs, &ours, &n, &m);
    return dc3_fail(DC3_ERR_ARGUMENT, "%s has \"%.*s\", and rank 0 \"%.*s\"; expected the same on all ranks",
                    dc3_ranks_name(rank), n, theirs, m, ours);
}

dc3_status dc3_ranks_agree(const char *states)
{
    size_t bytes = strlen(states);
    if (dc3_ranks_count() == 1) return DC3_OK;
    if (dc3_ranks_rank()) {
        dc3_message *m = dc3_message_make(DC3_MESSAGE_STATES, 0, 0, bytes);
        if (m) memcpy(dc3_message_body(m), states, bytes);
        return dc3_ranks_send(0, m, bytes);
    }
    DC3_TRY(dc3_ranks_wait_states());
    for (int i = 1; i < dc3_ranks_count(); i++) DC3_TRY(compare(i, states));
    return DC3_OK;
}
