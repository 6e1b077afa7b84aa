#include "learn/hold_out.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Selection sampling: Knuth, The Art of Computer Programming, volume 2, algorithm 3.4.2 S. */
void dc3_mark_some(dc3_rng *rng, int64_t n, int64_t wanted, char *marks)
{
    for (int64_t i = 0; i < n && wanted > 0; i++)
        if (dc3_rng_below(rng, (uint64_t)(n - i)) < (uint64_t)wanted) marks[i] = 1, wanted--;
}

/* How many of a class's images are marked; marks them unless is_held is NULL. */
static int64_t mark_class(int label, int64_t n, double share, uint64_t seed, char *is_held)
{
    int64_t wanted = llround(share * (double)n);
    if (wanted >= n) wanted = n - 1;
    dc3_rng rng = dc3_rng_make(seed, DC3_RNG_HOLD_OUT, (uint64_t)label);
    if (is_held) dc3_mark_some(&rng, n, wanted, is_held);
    return wanted;
}

/* Of all classes. */
static int64_t mark_all(const dc3_dataset *dataset, double share, uint64_t seed, char *is_held)
{
    int64_t n = dc3_dataset_size(dataset), all = 0;
    for (int64_t first = 0, end; first < n; first = end) {
        int label = dc3_dataset_label(dataset, first);
        for (end = first; end < n && dc3_dataset_label(dataset, end) == label;) end++;
        all += mark_class(label, end - first, share, seed, is_held ? is_held + first : NULL);
    }
    return all;
}

int64_t dc3_hold_out_count(const dc3_dataset *dataset, double share)
{
    int64_t count = share > 0 ? mark_all(dataset, share, 0, NULL) : 0;
    return count < DC3_LEAST_HELD ? 0 : count;
}

dc3_status dc3_hold_out(const dc3_dataset *dataset, double share, uint64_t seed, dc3_held_out *parts)
{
    size_t n = (size_t)dc3_dataset_size(dataset);
    char *is_held = calloc(n, 1);
    *parts = (dc3_held_out){.trained = malloc(n * sizeof(int64_t)), .held = malloc(n * sizeof(int64_t))};
    int ready = is_held && parts->trained && parts->held;
    if (ready && mark_all(dataset, share, seed, is_held) < DC3_LEAST_HELD) memset(is_held, 0, n);
    for (size_t i = 0; ready && i < n; i++)
        if (is_held[i])
            parts->held[parts->held_count++] = (int64_t)i;
        else
            parts->trained[parts->trained_count++] = (int64_t)i;
    free(is_held);
    return ready ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

void dc3_held_out_free(dc3_held_out *parts)
{
    free(parts->trained);
    free(parts->held);
    *parts = (dc3_held_out){0};
}

dc3_status dc3_hold_out_check(double share, const char *val)
{
    if (!(share >= 0 && share <= 0.5))
        return dc3_fail_setting("hold_out", "expected 0 to 0.5, found %g", share);
    if (share > 0 && val)
        return dc3_fail_setting("hold_out", "the images of %s are tested on; leave out one of the two",
                                dc3_setting("val"));
    return DC3_OK;
}
