#include "duplicates/groups.h"

#include <stdlib.h>

/* An image of a group, and by what it is sorted. */
typedef struct member {
    int64_t group; /* its first item */
    int64_t pixels, item;
    int conflict, stays, label;
} member;

/* The first item of the image's group, by the chain of parents, which is made shorter on the way. */
static int64_t find_root(int64_t *parents, int64_t item)
{
    while (parents[item] != item) item = parents[item] = parents[parents[item]];
    return item;
}

static void join(int64_t *parents, int64_t a, int64_t b)
{
    a = find_root(parents, a), b = find_root(parents, b);
    parents[a > b ? a : b] = a < b ? a : b;
}

static void join_all(const dc3_finding *f, int64_t n, int64_t *parents)
{
    for (int64_t i = 0; i < n; i++) parents[i] = i;
    for (int64_t i = 0; i < n; i++) {
        const dc3_lookalike *image = &f->like.images[i];
        if (image->own.item >= 0) join(parents, i, image->own.item);
        if (image->other.item >= 0) join(parents, i, image->other.item);
    }
}

static int by_group(const void *a, const void *b)
{
    const member *x = a, *y = b;
    if (x->conflict != y->conflict) return y->conflict - x->conflict;
    if (x->group != y->group) return x->group < y->group ? -1 : 1;
    if (x->stays != y->stays) return y->stays - x->stays;
    if (x->pixels != y->pixels) return x->pixels < y->pixels ? 1 : -1;
    return (x->item > y->item) - (x->item < y->item);
}

/* The images in groups of two or more, as they lie; their number. A group's first item stands for it. */
static int64_t list(const dc3_finding *f, int64_t n, int64_t *parents, uint8_t *marks, member *members)
{
    enum { GROUPED = 1, CONFLICT = 2 };
    int64_t count = 0;
    for (int64_t i = 0; i < n; i++) {
        int64_t root = find_root(parents, i);
        if (root == i) continue;
        marks[root] |= GROUPED;
        if (dc3_dataset_label(f->dataset, i) != dc3_dataset_label(f->dataset, root)) marks[root] |= CONFLICT;
    }
    for (int64_t i = 0; i < n; i++) {
        int64_t root = find_root(parents, i);
        const dc3_lookalike *image = &f->like.images[i];
        if (!marks[root]) continue;
        if (members)
            members[count] = (member){root,
                                      (int64_t)image->width * image->height,
                                      i,
                                      (marks[root] & CONFLICT) != 0,
                                      dc3_stays(f, i),
                                      dc3_dataset_label(f->dataset, i)};
        count++;
    }
    return count;
}

static int by_label(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/* Different labels of members [count]; labels [count] is room. */
static int classes_of(const member *members, int64_t count, int *labels)
{
    int classes = 0;
    for (int64_t i = 0; i < count; i++) labels[i] = members[i].label;
    qsort(labels, (size_t)count, sizeof *labels, by_label);
    for (int64_t i = 0; i < count; i++) classes += !i || labels[i] != labels[i - 1];
    return classes;
}

static dc3_status fill(dc3_finding *f, const member *members, int64_t count)
{
    dc3_duplicates_report *r = f->report;
    int *labels = malloc((size_t)(count + 1) * sizeof *labels);
    f->members = malloc((size_t)(count + 1) * sizeof *f->members);
    f->groups = malloc((size_t)(count / 2 + 1) * sizeof *f->groups);
    if (!labels || !f->members || !f->groups) {
        free(labels);
        return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    }
    for (int64_t begin = 0, end; begin < count; begin = end) {
        for (end = begin; end < count && members[end].group == members[begin].group; end++)
            f->members[end] = members[end].item;
        dc3_group *g = &f->groups[r->groups++];
        *g = (dc3_group){begin, end - begin, classes_of(members + begin, end - begin, labels)};
        r->conflicts += g->classes > 1;
    }
    r->grouped = count;
    free(labels);
    return DC3_OK;
}

dc3_status dc3_groups_make(dc3_finding *f)
{
    int64_t n = dc3_dataset_size(f->dataset), count = 0;
    int64_t *parents = malloc((size_t)(n + 1) * sizeof *parents);
    uint8_t *marks = calloc((size_t)n + 1, 1);
    member *members = NULL;
    if (parents && marks) {
        join_all(f, n, parents);
        count = list(f, n, parents, marks, NULL);
        members = malloc((size_t)(count + 1) * sizeof *members);
    }
    if (members) {
        list(f, n, parents, marks, members);
        qsort(members, (size_t)count, sizeof *members, by_group);
    }
    dc3_status status = members ? fill(f, members, count) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    f->report->copies = f->like.copies, f->report->near = f->like.near, f->report->plain = f->like.plain;
    free(parents), free(marks), free(members);
    return status;
}
