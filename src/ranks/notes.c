#include "ranks/notes.h"

#include <stdlib.h>
#include "io/image_notes.h"
#include "ranks/ranks.h"
#include "ranks/sum.h"

/* values [n] of this rank become the sums of all ranks'. */
static dc3_status add_up(int64_t n, float *values)
{
    dc3_sum *sum;
    dc3_status status = dc3_sum_open(dc3_ranks_count(), n, &sum);
    if (status == DC3_OK) status = dc3_sum_add(sum, dc3_ranks_rank(), values);
    if (status == DC3_OK) status = dc3_sum_take(sum, values);
    dc3_sum_close(&sum);
    return status;
}

/* Of one kind; `at` has room for all images. */
static dc3_status join(const dc3_dataset *d, int kind, float *at)
{
    int64_t n = dc3_dataset_size(d);
    for (int64_t i = 0; i < n; i++) at[i] = (float)(dc3_dataset_heard(d, i) >> kind & 1);
    DC3_TRY(add_up(n, at));
    for (int64_t i = 0; i < n; i++)
        if (at[i] > 0) dc3_dataset_hear(d, i, 1 << kind);
    return DC3_OK;
}

dc3_status dc3_ranks_join_notes(const dc3_dataset *d)
{
    int64_t n = dc3_dataset_size(d);
    float counts[DC3_IMAGE_NOTES] = {0};
    if (dc3_ranks_count() == 1 || !n) return DC3_OK;
    for (int64_t i = 0; i < n; i++)
        for (int kind = 0; kind < DC3_IMAGE_NOTES; kind++)
            counts[kind] += (float)(dc3_dataset_heard(d, i) >> kind & 1);
    DC3_TRY(add_up(DC3_IMAGE_NOTES, counts)); /* mostly there are none */
    float *at = malloc((size_t)n * sizeof *at);
    dc3_status status = at ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int kind = 0; status == DC3_OK && kind < DC3_IMAGE_NOTES; kind++)
        if (counts[kind] > 0) status = join(d, kind, at);
    free(at);
    return status;
}
