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

/* How many of the n images of a class are to be held out. */
static int64_t wanted_of(int64_t n, double share)
{
    int64_t wanted = llround(share * (double)n);
    return wanted < n ? wanted : n - 1;
}

/* How many of a class's images are marked; marks them unless is_held is NULL. */
static int64_t mark_class(int label, int64_t n, double share, uint64_t seed, char *is_held)
{
    int64_t wanted = wanted_of(n, share);
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

/* ---- with groups ---- */

/* An image of a group, or one that is in none and is a unit of its own. */
typedef struct member {
    uint64_t order; /* of the unit, at random */
    int64_t unit, item;
} member;

static int by_order(const void *a, const void *b)
{
    const member *x = a, *y = b;
    if (x->order != y->order) return x->order < y->order ? -1 : 1;
    if (x->unit != y->unit) return x->unit < y->unit ? -1 : 1;
    return x->item < y->item ? -1 : 1;
}

/* Images of a class: all, those that are to be held out, those that are. */
typedef struct class_count {
    int64_t all, wanted, held, now; /* now: of the unit that is looked at */
} class_count;

/* 1 if the unit's images bring each class nearer to what is wanted of it, and leave some. */
static int suits(const dc3_dataset *d, const member *unit, int64_t count, class_count *classes)
{
    int does = 1;
    for (int64_t i = 0; i < count; i++) classes[dc3_dataset_label(d, unit[i].item)].now++;
    for (int64_t i = 0; i < count; i++) {
        const class_count *c = &classes[dc3_dataset_label(d, unit[i].item)];
        does &= c->now < 2 * (c->wanted - c->held) && c->held + c->now < c->all;
    }
    for (int64_t i = 0; i < count; i++) {
        class_count *c = &classes[dc3_dataset_label(d, unit[i].item)];
        if (does) c->held++;
        c->now = 0;
    }
    return does;
}

/* As mark_all, by whole groups in a random order. */
static int64_t mark_units(const dc3_dataset *d, double share, uint64_t seed, member *members,
                          class_count *classes, char *is_held)
{
    int64_t n = dc3_dataset_size(d), all = 0;
    for (int64_t i = 0; i < n; i++) {
        int group = dc3_dataset_group(d, i);
        int64_t unit = group ? -group : i;
        dc3_rng rng = dc3_rng_make(seed, DC3_RNG_HOLD_OUT, (uint64_t)unit);
        members[i] = (member){dc3_rng_below(&rng, UINT64_MAX), unit, i};
        classes[dc3_dataset_label(d, i)].all++;
    }
    for (int k = 0; k < dc3_dataset_classes(d); k++) classes[k].wanted = wanted_of(classes[k].all, share);
    qsort(members, (size_t)n, sizeof *members, by_order);
    for (int64_t first = 0, end; first < n; first = end) {
        for (end = first; end < n && members[end].unit == members[first].unit;) end++;
        if (!suits(d, members + first, end - first, classes)) continue;
        for (int64_t i = first; i < end; i++) is_held[members[i].item] = 1;
        all += end - first;
    }
    return all;
}

/* Marks what is held out, of a dataset with groups or without; how many; -1 without memory. */
static int64_t mark(const dc3_dataset *d, double share, uint64_t seed, char *is_held)
{
    if (!dc3_dataset_groups(d)) return mark_all(d, share, seed, is_held);
    member *members = malloc((size_t)dc3_dataset_size(d) * sizeof *members);
    class_count *classes = calloc((size_t)dc3_dataset_classes(d), sizeof *classes);
    int64_t count = members && classes ? mark_units(d, share, seed, members, classes, is_held) : -1;
    free(members), free(classes);
    return count;
}

int64_t dc3_hold_out_count(const dc3_dataset *d, double share, uint64_t seed)
{
    if (!(share > 0)) return 0;
    char *is_held = dc3_dataset_groups(d) ? calloc((size_t)dc3_dataset_size(d), 1) : NULL;
    int64_t count = dc3_dataset_groups(d) && !is_held ? 0 : mark(d, share, seed, is_held);
    free(is_held);
    return count < DC3_LEAST_HELD ? 0 : count;
}

dc3_status dc3_hold_out(const dc3_dataset *dataset, double share, uint64_t seed, dc3_held_out *parts)
{
    size_t n = (size_t)dc3_dataset_size(dataset);
    char *is_held = calloc(n, 1);
    *parts = (dc3_held_out){.trained = malloc(n * sizeof(int64_t)), .held = malloc(n * sizeof(int64_t))};
    int ready = is_held && parts->trained && parts->held;
    int64_t count = ready ? mark(dataset, share, seed, is_held) : -1;
    ready = count >= 0;
    if (ready && count < DC3_LEAST_HELD) memset(is_held, 0, n);
    for (size_t i = 0; ready && i < n; i++)
        if (is_held[i])
            parts->held[parts->held_count++] = (int64_t)i;
        else
            parts->trained[parts->trained_count++] = (int64_t)i;
    free(is_held);
    return ready ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

const char *dc3_hold_out_obstacle(const dc3_dataset *d)
{
    return dc3_dataset_groups(d) ? "too few images, or groups of them that are too large," : "too few images";
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
